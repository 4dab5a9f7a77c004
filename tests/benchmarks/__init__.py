"""What is measured: ours beside the floor in one run, alternating, medians of at least five rounds."""
