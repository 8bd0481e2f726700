"""`python -m difyflow` is the command `difyflow`."""

from difyflow.cli.main import main

if __name__ == "__main__":
    main()
