"""`python -m drill`."""

from drill.cli.app import main

if __name__ == "__main__":
    main()
