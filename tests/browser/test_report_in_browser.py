"""The report as a reader has it: opened, sorted, switched, pointed at, printed, on a phone."""

import base64
import json
import os
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from made_up_deck import HARD_NAMES, INTEGRITY, RISK, SCENARIOS, make_up_connecticut

from pfs_sim.report.html import write_report

pytestmark = pytest.mark.browser

DESK, PHONE = (1200, 900), (390, 844)
LEAST_CONTRAST = 4.5


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """One deal, two contracts, and a deal with names that would break a page."""
    folder = tmp_path_factory.mktemp("reports")
    one = replace(make_up_connecticut(2000), risk=RISK, integrity=INTEGRITY)
    other = make_up_connecticut(2000, source=SCENARIOS / "ct_shared_savings.yaml")
    hard = make_up_connecticut(200, sets=HARD_NAMES)
    return {
        name: write_report(decks, folder / f"{name}.html").as_uri()
        for name, decks in (("one", [one]), ("two", [one, other]), ("hard", [hard]))
    }


def open_browser(script=True):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--disable-background-networking", "--hide-scrollbars"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not script:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2}
        )
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


@pytest.fixture(scope="session")
def browser():
    found = open_browser()
    yield found
    found.quit()


def resize(browser, width, height, dark=False):
    """A screen of this size; headless windows are no narrower than a desk without it."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500,
    })
    scheme = "dark" if dark else "light"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
    })


def visit(browser, address, size=DESK, dark=False):
    """Open a page afresh; nothing is complained about and nothing fetched."""
    resize(browser, *size, dark)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    check_silence(browser, address)


def check_silence(browser, address):
    """No console message and no request but for the page itself."""
    assert browser.get_log("browser") == []
    asked = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    assert [url for url in asked if url != address and not url.startswith("data:")] == []


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_elements(By.CSS_SELECTOR, selector)


def save_shot(browser, name):
    """A picture of the whole page, where SCREENSHOTS names a folder for a person to look at."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


@pytest.mark.parametrize("name", ["one", "two", "hard"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_opens_in_silence_and_nothing_sticks_out(browser, reports, name, size, dark):
    visit(browser, reports[name], size, dark)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= size[0]
    save_shot(browser, f"{name}-{size[0]}-{'dark' if dark else 'light'}")


def test_the_four_answers_are_on_the_first_screens(browser, reports):
    visit(browser, reports["one"])
    answers = find(browser, "[data-answer]")
    assert [a.get_attribute("data-answer") for a in answers] == ["loss", "year", "driver", "price"]
    for answer in answers:
        assert answer.is_displayed()
        assert answer.find_element("css selector", ".big").text
        assert len(answer.find_element("css selector", ".sentence").text) > 40
    assert answers[0].location["y"] < DESK[1]


def test_a_heading_sorts_its_table_both_ways(browser, reports):
    visit(browser, reports["one"])
    button = find(browser, "table.downside thead button")[2]

    def values():
        return [float(cell.get_attribute("data-v"))
                for cell in find(browser, "table.downside tbody td:nth-child(3)")]

    before = values()
    button.click()
    assert values() == sorted(before, reverse=True)
    heading = find(browser, "table.downside thead th")[2]
    assert heading.get_attribute("aria-sort") == "descending"
    button.click()
    assert values() == sorted(before)
    first = find(browser, "table.downside thead button")[0]
    first.click()
    names = [cell.text for cell in find(browser, "table.downside tbody th")]
    assert names == sorted(names)


def test_the_list_of_assumptions_opens_where_a_link_leads_to_it(browser, reports):
    visit(browser, reports["one"])
    listed = find(browser, "#deal-1-assumed")[0]
    assert not listed.get_property("open")
    find(browser, "a[href='#deal-1-assumed']")[0].click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert listed.get_property("open")
    assert len(find(browser, "#deal-1-assumed code")) > 100


def test_tabs_switch_parties_and_stories_by_pointer_and_keys(browser, reports):
    from selenium.webdriver.common.keys import Keys

    visit(browser, reports["one"])
    tabs = {tab.text: tab for tab in find(browser, "[data-switch=party] > .tabs button")}
    assert next(iter(tabs)) == "At a glance"
    government = find(browser, "[data-panel=Government]")[0]
    assert not government.is_displayed()
    tabs["Government"].click()
    assert government.is_displayed() and tabs["Government"].get_attribute("aria-selected") == "true"
    tabs["Government"].send_keys(Keys.ARROW_RIGHT)
    assert find(browser, "[data-panel=Investors]")[0].is_displayed()
    assert not government.is_displayed()
    stories = find(browser, "[data-switch=story] > .tabs button")
    assert len(stories) == 3
    for tab in stories:
        tab.click()
        shown = [panel for panel in find(browser, "[data-switch=story] > [data-panel]")
                 if panel.is_displayed()]
        assert [panel.get_attribute("data-panel") for panel in shown] == [tab.text]


def test_contracts_switch_and_the_contents_follow(browser, reports):
    visit(browser, reports["two"])
    tabs = find(browser, "[data-switch=contract] > .tabs button")
    assert len(tabs) == 2
    tabs[1].click()
    assert not find(browser, "#deal-1-answer")[0].is_displayed()
    assert find(browser, "#deal-2-answer")[0].is_displayed()
    link = find(browser, "nav a[data-section=cash]")[0]
    assert link.get_attribute("href").endswith("#deal-2-cash")
    browser.execute_script("location.hash = '#deal-1-cash'")
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert find(browser, "#deal-1-cash")[0].is_displayed()


def test_a_value_is_read_under_the_pointer_and_by_keys(browser, reports):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    visit(browser, reports["one"])
    figures = find(browser, "figure.chart")
    assert len(figures) == 7
    for figure in figures:
        chart = figure.find_element("css selector", "svg.wide")
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
        line = figure.find_element("css selector", ".readout")
        before = line.text
        ActionChains(browser).move_to_element(chart).perform()
        pointed = line.text
        assert pointed != before and any(letter.isdigit() for letter in pointed)
        chart.send_keys(Keys.HOME)
        first = line.text
        chart.send_keys(Keys.ARROW_RIGHT)
        assert line.text != first


def test_it_is_read_without_script_too(reports):
    browser = open_browser(script=False)
    try:
        resize(browser, *DESK)
        browser.get(reports["two"])
        assert len(find(browser, "[data-answer]")) == 8
        assert all(panel.is_displayed() for panel in find(browser, "[data-panel]"))
        assert not find(browser, ".tabs, .readout, button.sort")
        assert len(find(browser, "svg title")) > 100
    finally:
        browser.quit()


@pytest.mark.parametrize("paper", [(8.27, 11.69), (8.5, 11.0)], ids=["A4", "letter"])
def test_it_prints(browser, reports, paper):
    visit(browser, reports["one"])
    printed = browser.execute_cdp_cmd("Page.printToPDF", {
        "paperWidth": paper[0], "paperHeight": paper[1], "preferCSSPageSize": False,
        "printBackground": False,
    })
    document = base64.b64decode(printed["data"])
    assert document.startswith(b"%PDF")
    pages = document.count(b"/Type /Page\n") or document.count(b"/Type /Page ")
    assert 6 <= pages <= 30
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not [tabs for tabs in find(browser, ".tabs") if tabs.is_displayed()]
    assert all(panel.is_displayed() for panel in find(browser, "[data-panel]"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


CONTRAST = """
const rgb = (text) => {
  const found = text.match(/[\\d.]+/g).map(Number);
  return {color: found.slice(0, 3), alpha: found[3] ?? 1};
};
const light = (c) => {
  const linear = (v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const [r, g, b] = c.map((v) => linear(v / 255));
  return .2126 * r + .7152 * g + .0722 * b;
};
const under = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const {color, alpha} = rgb(getComputedStyle(at).backgroundColor);
    if (alpha > .99) return color;
  }
  return [255, 255, 255];
};
const found = [];
for (const node of document.querySelectorAll("main *, header *, nav *, footer *")) {
  const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || node.closest("svg") || !node.getClientRects().length) continue;
  const a = light(rgb(getComputedStyle(node).color).color), b = light(under(node));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  found.push([ratio, `${node.tagName}.${node.className}: ${node.textContent.trim()}`.slice(0, 60)]);
}
found.sort((x, y) => x[0] - y[0]);
return found.slice(0, 5);
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(browser, reports, dark):
    visit(browser, reports["one"], dark=dark)
    weakest = browser.execute_script(CONTRAST)
    assert weakest[0][0] >= LEAST_CONTRAST, weakest


def test_every_control_is_reached_by_keys_and_named(browser, reports):
    visit(browser, reports["two"])
    nameless = browser.execute_script("""
      return [...document.querySelectorAll("button, a[href], summary, [tabindex='0']")]
        .filter((n) => n.getClientRects().length)
        .filter((n) => !(n.getAttribute("aria-label") || n.textContent.trim()))
        .map((n) => n.outerHTML.slice(0, 80));
    """)
    assert nameless == []
    heads = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3')].map((n) => +n.tagName[1])"
    )
    assert heads[0] == 1 and heads.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(heads))
