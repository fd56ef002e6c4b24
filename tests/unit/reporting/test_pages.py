import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from crispml_core.reporting.pages import render_evaluation, render_verification

pytestmark = pytest.mark.slow

VOID = {"meta", "br", "link", "img", "input", "hr"}
KINDS = [
    (kind, task)
    for kind in ("evaluation", "verification", "empty")
    for task in ("binary", "multiclass", "regression")
]
FIGURES = {"binary": 6, "multiclass": 6, "regression": 5}


class Page(HTMLParser):
    """What a reader's program finds in a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.unbalanced = [], [], []
        self.words, self.parents = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.parents.append(tuple(self.open))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.parents.append(tuple(self.open))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def pages(contents):
    return {
        (kind, task): (render_evaluation if kind == "evaluation" else render_verification)(content)
        for (kind, task), content in contents.items()
    }


@pytest.fixture(params=KINDS, ids="-".join)
def page(request, pages):
    return pages[request.param]


def test_a_page_needs_nothing_else(page):
    assert "://" not in page
    found = Page(page)
    assert not {name for name, _ in found.tags} & {"script", "link", "img", "iframe", "object"}
    addresses = [
        value
        for _, attrs in found.tags
        for name, value in attrs.items()
        if name in ("href", "src", "xlink:href")
    ]
    assert all(address.startswith("#") for address in addresses)
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}


def test_a_page_is_well_formed(page):
    found = Page(page)
    assert page.startswith("<!DOCTYPE html>")
    assert (found.unbalanced, found.open) == ([], [])


def test_ids_are_unique_and_every_reference_leads_somewhere(page):
    found = Page(page)
    ids = Counter(attrs["id"] for _, attrs in found.tags if "id" in attrs)
    assert [name for name, count in ids.items() if count > 1] == []
    used = re.findall(r'(?:url\(|href=")#([\w.-]+)', page)
    assert set(used) <= set(ids)


def test_a_page_can_be_read_without_seeing_it(page):
    found = Page(page)
    assert found.all("html") == [{"lang": "en"}]
    assert len(found.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(found.all("table")) == len(found.all("caption"))
    assert all(attrs.get("scope") for attrs in found.all("th"))
    assert all(
        attrs.get("role") == "img" and len(attrs["aria-label"]) > 20 for attrs in found.all("svg")
    )
    assert len(found.all("svg")) == len(found.all("figcaption"))


def test_a_page_adapts_to_dark_phone_and_paper(page):
    for condition in ("prefers-color-scheme: dark", "max-width: 40rem", "@media print"):
        assert condition in page
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in Page(page).all(
        "meta"
    )


def test_figures_take_every_colour_from_the_page(page):
    figures = " ".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert re.findall(r"#[0-9a-f]{6}\b", figures) == []
    variables = set(re.findall(r"var\(--([\w-]+)\)", figures))
    style = page[: page.index("</style>")]
    assert all(f"--{name}:" in style for name in variables)


@pytest.mark.parametrize("task", FIGURES)
def test_the_figures_that_people_expect_are_there(pages, task):
    assert len(Page(pages["evaluation", task]).all("svg")) == FIGURES[task]
    # No importance; the KPI over time and the groups against their reference come on top.
    assert len(Page(pages["verification", task]).all("svg")) == FIGURES[task] + 1
    told = [figure["aria-label"] for figure in Page(pages["partial", task]).all("svg")]
    assert any(text.startswith("Share of labelled scores") for text in told)
    assert Page(pages["empty", task]).all("svg") == []


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_names_from_the_data_are_text_and_never_markup_or_formula(pages, task):
    for kind in ("evaluation", "verification"):
        assert "<script" not in pages[kind, task]
        assert "<script>alert('$x_1$')</script>" in Page(pages[kind, task]).text


def test_the_same_content_gives_the_same_page(contents, pages):
    assert render_evaluation(contents["evaluation", "binary"]) == pages["evaluation", "binary"]


def test_an_evaluation_shows_kpis_gates_and_how_it_was_made(pages, contents):
    text = Page(pages["evaluation", "binary"]).text
    auc = contents["evaluation", "binary"]["kpis"]["auc"]
    assert f"{auc['value']:.3f}" in text
    assert f"{auc['low']:.3f} to {auc['high']:.3f}" in text
    assert "not passed" in text
    assert "there is no KPI of this name" in text
    assert "<30 too few records to show" in text
    assert "depth 3" in text


def test_a_verification_shows_coverage_versions_and_the_training_report(pages):
    text = Page(pages["verification", "binary"]).text
    assert "coverage 100.0 %" in text
    assert "Training report" in text
    assert "Several model versions answered" in text
    assert "v1" in text
    assert "v2" in text


def test_an_empty_window_says_so(pages):
    text = Page(pages["empty", "regression"]).text
    assert "No score lies in this window" in text
    assert "n/a" in text


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_page_shows_the_coverage_of_label_sets_or_intervals(pages, task):
    told = Page(pages["evaluation", task]).text
    assert "The coverage lies in its band" in told
    assert ("Label sets" in told, "To refer" in told) == (task != "regression",) * 2


def test_a_page_says_when_the_coverage_left_its_band(contents):
    content = contents["evaluation", "binary"]
    outside = content["conformal"] | {"inside": False, "note": "at level 0.9 it is outside"}
    told = Page(render_evaluation(content | {"conformal": outside})).text
    assert "At level 0.9 it is outside." in told
    assert "lies in its band" not in told


def test_a_report_without_a_table_has_no_such_section(contents):
    content = dict(contents["evaluation", "regression"])
    del content["conformal"]
    assert "Calibrated on" not in Page(render_evaluation(content)).text
