"""``python -m tinygraph``: the command ``tinygraph``."""

from viz.cli import main  # the engine's one import of viz, which nothing but `python -m tinygraph` runs

if __name__ == "__main__":
    raise SystemExit(main())
