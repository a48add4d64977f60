"""`python -m bot` is the bellwether command."""

from bot.cli import main

main()
