"""Reads exported files with what Python has for their formats. For each line FORMAT FILE of its input it prints a line of JSON:
{"columns": [...], "rows": [...]}, or {"error": "..."}. A row is an object of cells, where strings, numbers, booleans and nested values are what the reader made of them; cells
without a value are left out. "sheets" has the names of the sheets, where the format has any."""

import csv
import json
import sys
import traceback
import xml.etree.ElementTree as ElementTree
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

csv.field_size_limit(10_000_000)


def rows_of_lines(lines):
    lines = iter(lines)
    columns = list(next(lines, []))
    rows = [
        {key: cell for key, cell in zip(columns, line) if cell is not None and cell != ""}
        for line in lines
    ]
    return {"columns": columns, "rows": rows}


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return rows_of_lines(csv.reader(file, strict=True))


def read_json_rows(rows):
    return {"columns": list(dict.fromkeys(key for row in rows for key in row)), "rows": rows}


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return read_json_rows(json.load(file))


def read_jsonl(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return read_json_rows([json.loads(line) for line in file])


def read_xlsx(path):
    import openpyxl

    workbook = openpyxl.load_workbook(path)
    result = {"columns": [], "rows": []}
    for sheet in workbook.worksheets:
        assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line), "a formula"
        part = rows_of_lines(sheet.iter_rows(values_only=True))
        result = {"columns": part["columns"], "rows": result["rows"] + part["rows"]}
    return {**result, "sheets": workbook.sheetnames}


def read_xls(path):
    import xlrd

    workbook = xlrd.open_workbook(path)
    sheet = workbook.sheet_by_index(0)

    def value(cell):
        if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
            return None
        return bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value

    lines = [[value(cell) for cell in sheet.row(number)] for number in range(sheet.nrows)]
    return {**rows_of_lines(lines), "sheets": workbook.sheet_names()}


def nested(element):
    children = list(element)
    if not children:
        return element.text or ""
    if all(child.tag == "item" and not child.attrib for child in children):
        return [nested(child) for child in children]
    return {child.get("key", child.tag): nested(child) for child in children}


def read_xml(path):
    root = ElementTree.parse(path).getroot()
    assert root.tag == "results"
    return read_json_rows([nested(row) if len(row) else {} for row in root])


class Table(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines = []
        self.cell = None
        self.elements = set()
        self.links = []

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        attributes = dict(attributes)
        for name, value in attributes.items():
            assert not name.startswith("on"), f"an event handler {name}"
            if name in ("src", "href") and not value.startswith("data:image/"):
                self.links.append((tag, urlsplit(value).scheme))
        if tag == "tr":
            self.lines.append([])
        if tag in ("th", "td"):
            self.cell = ""
        if tag == "img" and self.cell is not None:
            self.cell += attributes["src"]

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.lines[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def read_html(path):
    table = Table()
    with open(path, encoding="utf-8", newline="") as file:
        table.feed(file.read())
    table.close()
    assert all(link == ("a", "http") or link == ("a", "https") for link in table.links), table.links
    return {
        **rows_of_lines(line[1:] for line in table.lines),
        "numbers": [line[0] for line in table.lines[1:]],
        "elements": sorted(table.elements),
    }


class Definitions(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.entries = []
        self.isOpen = False

    def handle_starttag(self, tag, attributes):
        if tag in ("dt", "dd"):
            self.entries.append("")
            self.isOpen = True

    def handle_endtag(self, tag):
        if tag in ("dt", "dd"):
            self.isOpen = False

    def handle_data(self, data):
        if self.isOpen:
            self.entries[-1] += data


def read_rss(path):
    root = ElementTree.parse(path).getroot()
    assert root.tag == "rss" and root.get("version") == "2.0"
    [channel] = root
    assert channel.tag == "channel"
    for name in ("title", "link", "description"):
        [element] = channel.findall(name)
        assert element.text, f"the channel has no {name}"
    assert urlsplit(channel.findtext("link")).scheme in ("http", "https")
    parsedate_to_datetime(channel.findtext("pubDate"))
    known = {"title", "link", "description", "guid", "pubDate"}
    items, rows, guids = [], [], set()
    for item in channel.findall("item"):
        assert {child.tag for child in item} <= known
        assert item.find("title") is not None or item.find("description") is not None
        parsedate_to_datetime(item.findtext("pubDate"))
        guid = item.find("guid")
        assert guid.get("isPermaLink") == "false" and guid.text not in guids
        guids.add(guid.text)
        definitions = Definitions()
        definitions.feed(item.findtext("description"))
        definitions.close()
        rows.append(dict(zip(definitions.entries[::2], definitions.entries[1::2])))
        items.append({"title": item.findtext("title"), "link": item.findtext("link")})
    return {**read_json_rows(rows), "items": items}


readers = {
    "csv": read_csv,
    "json": read_json,
    "jsonl": read_jsonl,
    "xlsx": read_xlsx,
    "xls": read_xls,
    "xml": read_xml,
    "html": read_html,
    "rss": read_rss,
}

def answer(line):
    export_format, path = line.rstrip("\n").split(" ", 1)
    try:
        return readers[export_format](path)
    except Exception:
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    for request in sys.stdin:
        # Escapes: the text is the same whatever the locale.
        print(json.dumps(answer(request), ensure_ascii=True), flush=True)
