"""What the README shows works as written."""

import re
from pathlib import Path

import yaml

from crispml_core.testing import check_use_case
from crispml_core.use_cases.loader import load_use_case

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_ten_lines_are_a_use_case(tmp_path):
    (document,) = blocks("yaml")
    assert len(document.splitlines()) <= 11
    file = tmp_path / "use_case.yaml"
    file.write_text(document)
    rows = [
        f"O-{n},{20 + n * 7 % 400},{1 + n % 4},{'yes' if n * 7 % 400 > 180 else 'no'}"
        for n in range(300)
    ]
    (tmp_path / "orders.csv").write_text("order_id,amount,items,returned\n" + "\n".join(rows))
    assert check_use_case(load_use_case(str(file)))
    assert yaml.safe_load(document)["name"] == "returns"


def test_everything_that_a_page_links_to_exists():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            file, _, heading = target.partition("#")
            linked = page.parent / file if file else page
            assert linked.exists(), f"{page.name}: {target}"
            if heading:
                assert heading in _headings(linked), f"{page.name}: {target}"


def test_the_readme_leads_to_every_page():
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in README


def _headings(page):
    """Return the anchors of the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_verb_of_make_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md"):
        named = set(
            re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / document).read_text(), re.MULTILINE)
        )
        assert named <= targets
