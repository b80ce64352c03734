# SPDX-License-Identifier: Apache-2.0
"""Reads a report by programs that are not ours, and prints what it says as JSON: check.py FORMAT FILE.

Exit status: 0 read; 1 it is not what the format demands (said on standard error); 3 a module is missing.
"""

import csv
import json
import sys
import xml.etree.ElementTree as tree
from html.parser import HTMLParser
from pathlib import Path


class Fault(Exception):
    pass


def demand(holds, what):
    if not holds:
        raise Fault(what)


# What Jenkins (its xUnit schema) and GitLab take: children in this order, and these attributes.
JUNIT = {
    "testsuites": (["testsuite"], {"name", "tests", "failures", "errors", "time"}, set()),
    "testsuite": (
        ["properties", "testcase", "system-out", "system-err"],
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"name", "tests", "failures", "errors"},
    ),
    "properties": (["property"], set(), set()),
    "property": ([], {"name", "value"}, {"name", "value"}),
    "testcase": (["skipped", "error", "failure"], {"name", "classname", "time"}, {"name", "classname"}),
    "skipped": ([], {"message"}, set()),
    "error": ([], {"type", "message"}, {"type", "message"}),
    "failure": ([], {"type", "message"}, {"type", "message"}),
}


def element(node):
    children, allowed, needed = JUNIT[node.tag]
    names = [child.tag for child in node]
    demand(set(names) <= set(children), f"{node.tag} has {names}")
    demand(names == sorted(names, key=children.index), f"the order in {node.tag}: {names}")
    demand(set(node.keys()) <= allowed, f"{node.tag} has {node.keys()}")
    demand(needed <= set(node.keys()), f"{node.tag} lacks one of {needed}")
    for name in ("tests", "failures", "errors", "skipped", "time"):
        demand(node.get(name, "0").isdigit(), f"{name} of {node.tag}")
    for child in node:
        element(child)


def junit(path):
    root = tree.parse(path).getroot()
    demand(root.tag == "testsuites", root.tag)
    element(root)
    [suite] = root
    cases = suite.findall("testcase")
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        count = sum(case.find(tag) is not None for case in cases)
        demand(int(suite.get(name)) == count, f"{name}: {suite.get(name)}, not {count}")
    demand(int(suite.get("tests")) == len(cases), "tests")
    demand(all(len(case) <= 1 for case in cases), "several outcomes of a case")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    demand(len(set(names)) == len(names), "two cases of one name")
    outcome = lambda case: [case[0].tag, case[0].get("type"), case[0].get("message"), case[0].text] if len(case) else None
    return {
        "counts": {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")},
        "cases": [[case.get("classname"), case.get("name"), outcome(case)] for case in cases],
        "properties": {one.get("name"): one.get("value") for one in suite.iter("property")},
    }


def sarif(path):
    import jsonschema

    document = json.loads(Path(path).read_text(encoding="utf-8"))
    schema = json.loads(Path(__file__).with_name("sarif.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    try:
        jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    except jsonschema.ValidationError as error:
        raise Fault(f"{list(error.absolute_path)}: {error.message}") from error
    [run] = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    demand(len(set(rules)) == len(rules), "a rule is there twice")
    for result in run["results"]:
        demand(result["ruleId"] in rules, f"no rule {result['ruleId']}")
    prints = [result["partialFingerprints"]["imageAndReason/v1"] for result in run["results"]]
    demand(len(set(prints)) == len(prints), "a fingerprint is there twice")
    return run


def openmetrics(path):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
    from prometheus_client.parser import text_string_to_metric_families as plain

    text = Path(path).read_bytes().decode("utf-8")
    demand(text.endswith("# EOF\n"), "the end")
    families = list(strict(text))
    for family in families:
        demand(family.type == "gauge" and family.documentation, family.name)
    samples = [[one.name, one.labels, one.value] for family in families for one in family.samples]
    demand(all(one.timestamp is None for family in families for one in family.samples), "a timestamp")
    # What a textfile collector reads is the older format.
    older = [[one.name, one.labels, one.value] for family in plain(text) for one in family.samples]
    demand(samples == older, "the older format says something else")
    keys = [(name, tuple(sorted(labels.items()))) for name, labels, _ in samples]
    demand(len(set(keys)) == len(keys), "a series is there twice")
    return samples


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    demand(len({len(row) for row in rows}) == 1, "rows of different lengths")
    return [dict(zip(rows[0], row)) for row in rows[1:]]


VOID = {"meta", "br", "wbr", "col", "link", "img", "input", "hr"}
KNOWN = set(
    "html head meta title style body header main footer section nav h1 h2 h3 p ul li dl dt dd div span strong code br wbr a "
    "table caption colgroup col thead tbody tr th td".split()
)


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.targets, self.rows, self.words = [], [], [], [], []
        self.row = self.cell = None
        self.labels, self.named, self.level = [], [], 0

    def structure(self, tag, values):
        """What programs that read a page aloud go by."""
        if tag == "html":
            demand(values.get("lang"), "the language")
        if tag in ("h1", "h2", "h3"):
            level = int(tag[1])
            demand(level <= self.level + 1 and (level > 1 or self.level == 0), f"{tag} below h{self.level}")
            self.level = level
        if "aria-labelledby" in values:
            self.labels.append(values["aria-labelledby"])
        if tag == "table":
            self.named.append("aria-labelledby" in values)
        if tag == "caption":
            self.named[-1] = True
        if tag == "th":
            demand(values.get("scope") == ("col" if "thead" in self.open else "row"), f"a heading of {values}")

    def handle_starttag(self, tag, attributes):
        demand(tag in KNOWN, f"the element {tag}")
        names = [name for name, _ in attributes]
        demand(len(set(names)) == len(names), f"an attribute of {tag} is there twice")
        values = dict(attributes)
        for name, value in attributes:
            demand(not name.startswith("on") and name not in ("src", "style", "action", "srcset"), f"{name} of {tag}")
            if name == "href":
                demand(tag == "a" and value.startswith("#"), f"a link to {value}")
                self.targets.append(value[1:])
            if name == "id":
                self.ids.append(value)
        self.structure(tag, values)
        if tag == "tr" and "image" in (values.get("class") or "").split():
            self.row = {"classes": values["class"].split(), "cells": []}
        if tag == "td" and self.row is not None:
            self.cell = []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        demand(self.open and self.open[-1] == tag, f"</{tag}> in {self.open}")
        self.open.pop()
        if tag == "td" and self.row is not None:
            self.row["cells"].append("".join(self.cell).strip())
            self.cell = None
        if tag == "tr" and self.row is not None:
            self.rows.append(self.row)
            self.row = None

    def handle_startendtag(self, tag, attributes):
        raise Fault(f"<{tag}/>")

    def handle_comment(self, data):
        raise Fault(f"a comment: {data}")

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            demand("url(" not in data and "@import" not in data and "</" not in data, "the style")
            return
        if self.cell is not None:
            self.cell.append(data)
        elif data.strip():
            demand(self.open and self.open[-1] not in ("table", "tbody", "tr", "ul", "dl"), f"text in {self.open}: {data}")
        self.words.append(data)


def page(path):
    text = Path(path).read_bytes().decode("utf-8")
    demand(text.startswith("<!DOCTYPE html>\n"), "the beginning")
    demand("://" not in text.split("<body>")[0].split("<title>")[0], "an address in the head")
    parser = Page()
    parser.feed(text)
    parser.close()
    demand(not parser.open, f"open: {parser.open}")
    demand(len(set(parser.ids)) == len(parser.ids), "an id is there twice")
    demand(parser.level > 0 and all(parser.named), f"tables without a name: {parser.named}")
    missing = set(parser.targets + parser.labels) - set(parser.ids)
    demand(not missing, f"links to {missing}")
    return {"rows": parser.rows, "text": " ".join("".join(parser.words).split())}


def main():
    kind, path = sys.argv[1:]
    read = {"junit": junit, "sarif": sarif, "openmetrics": openmetrics, "csv": table, "html": page}[kind]
    try:
        print(json.dumps(read(path)))
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    except (Fault, ValueError, csv.Error, tree.ParseError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)


main()
