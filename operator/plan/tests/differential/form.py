"""Python's zipfile, ElementTree and HTMLParser as readers of the printed form: what a person would see of it (see form.rs).

In: one line of JSON, the page and the document in hexadecimal. Out: one line of JSON, the rows of both tables as
[number, name, value], [title] for the title of a part, and what stands around them.
"""
import io
import json
import sys
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows, self.around, self.open, self.tags = [], [], None, set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "p", "h1"):
            self.open = (tag, [])
        if tag == "br":
            self.open[1].append("\n")

    def handle_endtag(self, tag):
        if self.open is None or tag != self.open[0]:
            return
        text = "".join(self.open[1])
        (self.rows[-1] if tag in ("td", "th") else self.around).append(text)
        self.open = None

    def handle_data(self, data):
        if self.open is not None:
            self.open[1].append(data)


def paragraph(p):
    marks = {W + "br": "\n", W + "tab": "\t"}
    return "".join(marks[e.tag] if e.tag in marks else e.text or "" for e in p.iter() if e.tag in (W + "t", *marks))


def document(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        parts = {i.filename: [list(i.date_time), i.compress_type] for i in archive.infolist()}
        trees = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    body = trees["word/document.xml"].find(W + "body")
    rows = [["\n".join(paragraph(p) for p in cell.findall(W + "p")) for cell in row.findall(W + "tc")]
            for row in body.find(W + "tbl").findall(W + "tr")]
    page = {k.removeprefix(W): v for tag in ("pgSz", "pgMar") for k, v in body.find(f"{W}sectPr/{W}{tag}").items()}
    fonts = sorted({v for e in trees["word/styles.xml"].iter(W + "rFonts") for v in e.attrib.values()})
    sizes = sorted({e.get(W + "val") for tree in trees.values() for e in tree.iter(W + "sz") if tree.tag.startswith(W)})
    around = [paragraph(p) for p in body.findall(W + "p")]
    return {"rows": rows, "around": around, "page": page, "fonts": fonts, "sizes": sizes, "parts": parts}


asked = json.load(sys.stdin.buffer)
page = Page()
page.feed(asked["html"])
print(json.dumps({"html": {"rows": page.rows, "around": page.around, "tags": sorted(page.tags)},
                  "docx": document(bytes.fromhex(asked["docx"]))}))
