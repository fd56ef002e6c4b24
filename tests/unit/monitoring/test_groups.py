import numpy as np

from crispml_core.monitoring.groups import segment_kpis
from crispml_core.tables.groupings import Grouping


def count(rows):
    return {"n": {"value": float(len(rows)), "low": None, "high": None}}


def group_names(table):
    return [group["group"] for group in table["groups"]]


def test_each_group_gets_the_kpis_of_its_own_rows():
    members = np.array(["a"] * 35 + ["b"] * 30, dtype=object)
    first, second = segment_kpis({"s": Grouping.of(members)}, count)["s"]["groups"]
    assert (first["group"], first["n"], first["kpis"]["n"]["value"]) == ("a", 35, 35.0)
    assert (second["group"], second["n"], second["kpis"]["n"]["value"]) == ("b", 30, 30.0)


def test_small_groups_show_neither_kpis_nor_their_size():
    members = np.array(["a"] * 30 + ["b"] * 29 + ["c"] * 28, dtype=object)
    table = segment_kpis({"s": Grouping.of(members)}, count)["s"]
    shown, *hidden = table["groups"]
    assert not shown["suppressed"]
    assert hidden == [{"group": name, "n": "<30", "suppressed": True} for name in "bc"]
    assert table["suppressed"] == 2


def test_a_single_small_group_does_not_follow_from_the_total_minus_the_others():
    members = np.array(["a"] * 50 + ["b"] * 40 + ["c"] * 3, dtype=object)
    shown, withheld, small = segment_kpis({"s": Grouping.of(members)}, count)["s"]["groups"]
    assert (shown["group"], shown["n"]) == ("a", 50)
    assert withheld == {"group": "b", "n": "withheld", "suppressed": True}
    assert small == {"group": "c", "n": "<30", "suppressed": True}


def test_groups_of_bins_keep_their_order_and_others_follow():
    members = np.array(["missing", ">= 60", "< 25", "25 - 60"] * 20, dtype=object)
    table = segment_kpis(
        {"age": Grouping.of(members)}, count, order={"age": ("< 25", "25 - 60", ">= 60")}
    )
    assert group_names(table["age"]) == ["< 25", "25 - 60", ">= 60", "missing"]


def test_only_the_largest_groups_are_listed_and_the_rest_is_counted():
    members = np.array(["c"] * 3 + ["a"] * 2 + ["b"], dtype=object)
    table = segment_kpis({"s": Grouping.of(members)}, count, min_group=1, max_groups=2)["s"]
    assert (group_names(table), table["omitted"]) == (["a", "c"], 1)


def test_no_rows_have_no_groups():
    empty = np.array([], dtype=object)
    assert segment_kpis({"s": Grouping.of(empty)}, count) == {
        "s": {"groups": [], "omitted": 0, "suppressed": 0}
    }
