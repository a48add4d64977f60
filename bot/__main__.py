"""`python -m bot` is the bellwether command."""

from bot.cli.main import main

main()
