// The dashboard: asks the API with the reader's key, and shows every section that the key may see.
import { ask, forget, keep, key } from "./ask.js";
import { sections } from "./sections.js";
import { month, narrowed } from "./words.js";

const at = (id) => document.getElementById(id);
const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) element.setAttribute(k, v);
  element.append(...children);
  return element;
};

let told = ""; // what is shown, in words
const shown = new Map(); // section → its answer, to be drawn again in another width

function table(section, rows) {
  const { head, rows: lines } = section.list(rows);
  const body = lines.map(([first, ...rest]) => make("tr", {}, make("th", { scope: "row" }, String(first)), ...rest.map((cell) => make("td", {}, String(cell)))));
  return make("div", { class: "table", tabindex: "0", role: "region", "aria-label": `${section.title}: table` },
    make("table", {}, make("caption", {}, section.title), make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...body)));
}

function draw(section) {
  const place = at(section.id);
  const { rows } = shown.get(section);
  const figure = place.querySelector("figure");
  const pictures = section.draw(rows, Math.max(280, Math.min(figure.clientWidth, 900)));
  for (const picture of pictures) { // their style stands in dashboard.css, as the page's policy asks
    for (const style of picture.querySelectorAll("style")) style.remove();
    picture.removeAttribute("aria-label");
    picture.setAttribute("aria-hidden", "true");
  }
  figure.replaceChildren(...pictures);
  figure.hidden = pictures.length === 0;
}

function show(section, answer) {
  shown.set(section, answer);
  const said = section.words(answer.rows);
  const details = make("details", {}, make("summary", {}, `The figures of “${section.title}” as a table, and what they are`), table(section, answer.rows), make("p", { class: "small" }, `${section.about} Version ${answer.version} of this figure.`));
  const figure = make("figure", { role: "img", "aria-label": `Chart. ${said}` });
  at(section.id).replaceChildren(make("h2", { tabindex: "-1" }, section.title), make("p", { class: "said" }, said), figure, details,
    make("p", { class: "small" }, `As of ${month(Date.parse(answer.as_of) - 1)}.`));
  draw(section);
}

const asked = () => Object.fromEntries(["site_id", "from", "to"].map((name) => [name, at(name).value]));

// What is shown is said, on paper too. Who pressed a button is taken to the first heading of it.
async function load(pressed) {
  const parameters = asked();
  const what = narrowed(at("site_id").selectedOptions[0].textContent, parameters.from, parameters.to);
  history.replaceState(null, "", "?" + new URLSearchParams(Object.entries(parameters).filter(([, value]) => value)));
  say("Loading figures …");
  try {
    const answers = await Promise.all(sections.map((section) => ask(section.metric, parameters)));
    document.body.classList.add("in");
    at("enter").hidden = true;
    at("view").hidden = false;
    sections.forEach((section, i) => show(section, answers[i]));
    const { disclosure } = answers[0];
    at("protection").textContent = disclosure.profile === "internal_none"
      ? "These are live figures of your own site, unprotected: do not publish them."
      : `Figures rest on ${disclosure.threshold} people or more and are rounded to the nearest ${disclosure.rounding}: smaller numbers are withheld, and so are those they could be worked out from.`;
    document.title = `Waypost dashboard: ${what}`;
    say(told = `Shown: ${what}.`);
    if (pressed) at(sections[0].id).querySelector("h2").focus();
  } catch (error) {
    if (error.status === 401 || error.status === 403) leave();
    say(error.message, true);
  }
}

function say(text, wrong = false) {
  at("status").textContent = wrong ? told : text; // what was shown before stays
  at("wrong").textContent = wrong ? text : "";
}

function leave() {
  forget();
  told = "";
  shown.clear();
  for (const section of sections) at(section.id).replaceChildren();
  document.title = "Waypost dashboard";
  at("view").hidden = true;
  at("enter").hidden = false;
  document.body.classList.remove("in");
}

async function begin(pressed) {
  try {
    const { rows } = await ask("flow", { by: "site" });
    const wanted = new URLSearchParams(location.search);
    at("site_id").replaceChildren(make("option", { value: "" }, "All sites together"), ...rows.filter((r) => r.site_id).map((r) => make("option", { value: r.site_id }, r.site_name)));
    for (const name of ["site_id", "from", "to"]) at(name).value = wanted.get(name) ?? "";
    if (at("site_id").selectedIndex < 0) at("site_id").selectedIndex = 0; // the address names a site that there is not
    await load(pressed);
  } catch (error) {
    leave();
    say(error.message, true);
  }
}

at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  keep(at("key").value);
  at("key").value = "";
  begin(true);
});
at("view-form").addEventListener("submit", (event) => { event.preventDefault(); load(true); });
at("site_id").addEventListener("change", () => load(false));
at("leave").addEventListener("click", () => { leave(); say("You have left. The key is forgotten."); at("key").focus(); });
at("print").addEventListener("click", () => print());
addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("details")) details.open = true; });

let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  requestAnimationFrame(() => { for (const section of shown.keys()) draw(section); });
});

if (key()) begin(false);
