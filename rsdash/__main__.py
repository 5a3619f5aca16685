"""`python -m rsdash`: the command line."""

from rsdash.cli import main

if __name__ == "__main__":
    main()
