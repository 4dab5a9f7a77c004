from tests.integration.houses import connected, house, played, simulator, wire

__all__ = ["connected", "house", "played", "simulator", "wire"]
