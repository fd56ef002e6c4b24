"""``python -m scripts.dashboards``: write the dashboards."""

from scripts.dashboards.files import write

if __name__ == "__main__":
    write()
