"""`python -m bot.cli`: `shiftline`, by this very Python."""

from bot.cli import main

if __name__ == "__main__":
    main()
