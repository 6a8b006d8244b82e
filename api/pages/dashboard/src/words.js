// How figures are said. Nothing here makes a figure: a withheld one is said to be.
export const few = "too few to show safely";

export const number = (n) => (n === null || n === undefined ? "withheld" : n.toLocaleString("en-GB"));
export const percent = (n) => (n === null || n === undefined ? "withheld" : `${n.toLocaleString("en-GB")}%`);
export const points = (n) => (n === null || n === undefined ? "" : n.toFixed(2));
export const signed = (n) => (n === null || n === undefined ? "withheld" : (n > 0 ? "+" : n < 0 ? "−" : "") + Math.abs(n).toFixed(2));

const known = {
  m3: "3 months", m6: "6 months", m9_12: "9 to 12 months", not_known: "not known", not_stated: "not stated", ons4: "ONS4 personal wellbeing", swemwbs: "SWEMWBS",
  under_18: "under 18", "18_34": "18 to 34", "35_49": "35 to 49", "50_64": "50 to 64", "65_79": "65 to 79", "80_over": "80 and over", non_binary: "non-binary",
};

/** A code of the record in words. */
export const words = (code) => known[code] ?? code.replaceAll("_", " ");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const month = (date) => new Date(date).toLocaleString("en-GB", { dateStyle: "long", timeZone: "Europe/London" });

const monthOf = (text) => new Date(`${text}-15T12:00:00Z`).toLocaleString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** What the figures were narrowed to, in words. */
export function narrowed(site, from, to) {
  const time = from && to ? (from === to ? monthOf(from) : `${monthOf(from)} to ${monthOf(to)}`) : from ? `from ${monthOf(from)} on` : to ? `up to ${monthOf(to)}` : "all months";
  return `${site}, ${time}`;
}

const parameters = { "query.site_id": "Site", "query.from": "From month", "query.to": "To month" };

/** What is wrong with a question, by the names that the form shows. */
export const mistake = (e) => `${parameters[e.location] ?? "What was asked"} ${e.message.replace("before from", "before From month")}.`;
