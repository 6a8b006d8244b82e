import { mistake } from "./words.js";

// Questions to the API, whose paths are beside the dashboard's own. The key is kept for this tab alone, and goes nowhere but to this server.
const kept = "waypost-dashboard-key";

export const key = () => sessionStorage.getItem(kept) ?? "";
export const keep = (text) => sessionStorage.setItem(kept, text.trim());
export const forget = () => sessionStorage.removeItem(kept);

/** The figures of a metric, or an error whose message is for the reader. */
export async function ask(metric, parameters) {
  const asked = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  let answer;
  try {
    answer = await fetch(`../v1/insights/${metric}?${asked}`, { headers: { Authorization: `Bearer ${key()}` }, credentials: "omit" });
  } catch {
    throw new Error("Waypost cannot be reached. Try again in a moment.");
  }
  const body = await answer.json();
  if (!answer.ok) {
    const error = new Error([body.detail, ...(body.errors ?? []).map(mistake)].join(" "));
    error.status = answer.status;
    throw error;
  }
  return body;
}
