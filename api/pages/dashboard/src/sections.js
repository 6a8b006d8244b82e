// What the page shows: each section asks for one metric, says its figures in words, draws them, and lists them.
import * as Plot from "@observablehq/plot";
import { capital, few, number, percent, points, signed, words } from "./words.js";

// What is withheld is left out of a sentence: a part is words, or a count with the words for it.
const told = (...parts) => parts.map((p) => (Array.isArray(p) ? (p[0] === null ? "" : p[1](number(p[0]))) : p)).filter(Boolean).join(" ");

const ink = "#14213d";
const colours = { good: "#0b5d3b", open: "#7a8599", bad: "#b5460f", plain: "#1a3f8f" };
const narrow = (width) => width < 520;
const ticks = (width) => Math.max(2, Math.min(8, Math.floor((width - (narrow(width) ? 190 : 254)) / 75))); // labels of some 45 pixels, and half as many again as asked for

const frame = (width, options) => ({
  width, marginLeft: narrow(width) ? 146 : 190, marginRight: narrow(width) ? 44 : 64, marginTop: 26, className: "plot",
  style: { fontSize: narrow(width) ? "13px" : "14px", fontFamily: "inherit", color: ink, background: "transparent" }, ...options,
});

/** Bars with their figures beside them; a withheld figure has no bar, and says so. */
function bars(data, width, colour, label) {
  return Plot.plot(frame(width, {
    height: 66 + data.length * 36, marginBottom: 40,
    x: { label, labelAnchor: "center", labelArrow: "none", labelOffset: 34, grid: true, nice: true, ticks: data.some((d) => d.n !== null) ? ticks(width) : [], domain: [0, Math.max(1, ...data.map((d) => d.n ?? 0))] },
    y: { label: null, domain: data.map((d) => d.name), tickSize: 0 },
    marks: [
      Plot.barX(data.filter((d) => d.n !== null), { x: "n", y: "name", fill: colour, insetTop: 4, insetBottom: 4 }),
      Plot.text(data, { x: (d) => d.n ?? 0, y: "name", text: (d) => (d.n === null ? "withheld" : number(d.n)), textAnchor: "start", dx: 5, fill: ink }),
      Plot.ruleX([0]),
    ],
  }));
}

/** What stands in the place of a group whose figures are withheld. */
const withheld = (names, said = "withheld") => Plot.text(names, { frameAnchor: "left", y: (name) => name, text: () => said, textAnchor: "start", dx: 5, fill: ink, fontStyle: "italic" });

const steps = [["received_in", "Referred in"], ["contacted", "Contacted"], ["baseline_taken", "Asked how they are"], ["referral_sent", "Referral sent"], ["referral_accepted", "Accepted"], ["referral_attended", "Came"], ["follow_up_due", "Follow-up due"], ["follow_up_answered", "Followed up"]];

const flow = {
  id: "flow", title: "How far people came", metric: "flow",
  about: "How far the people came who were referred in during these months, up to the day of the figures. Each step counts those of the step before who reached it as well: whoever was never referred on is in no later step, even if they were followed up. Being told of a place, without a referral, is none.",
  words: ([row]) => row.suppressed ? `${capital(few)}.` : told(`${number(row.received_in)} people were referred in.`, [row.referral_attended, (n) => `Of these, ${n} came to a service they were referred to.`], [row.follow_up_answered, (n) => `${n} of those who came have been followed up.`]),
  draw: ([row], width) => [bars(steps.map(([field, name]) => ({ name, n: row[field] })), width, colours.plain, "people")],
  list: ([row]) => ({ head: ["Step", "People", "Of those referred in"], rows: steps.map(([field, name]) => [name, number(row[field]), row[field] === null || !row.received_in ? "" : percent(Math.round(1000 * row[field] / row.received_in) / 10)]) }),
};

const changed = (rows) => rows.filter((r) => r.paired_n !== null && r.mean_change !== null);
const verdict = (r) => (r.ci_low <= 0 && r.ci_high >= 0 ? "not clear" : (r.mean_change > 0) === (r.better === "higher") ? "better" : "worse");
const named = (r, several) => capital(words(r.score)) + (several ? `, ${words(r.timepoint)}` : "");

const change = {
  id: "change", title: "How people's wellbeing changed", metric: "outcomes",
  about: "The change within each person, from when they were first asked to the follow-up: of what they answered in its time, the answer nearest to the best day for asking. The months are those in which they were first asked. Who answered once alone counts among those asked at baseline, and nowhere else. Improved and worse are changes of at least so many points as the questionnaire's source names; for ONS4 it is one point, which is a convention. Without a comparison group some of the change would have come anyway (regression to the mean).",
  words: (rows) => {
    const shown = changed(rows);
    if (shown.length === 0 && rows.some((r) => r.suppressed && r.note !== few)) return "How people's scores changed is shown for all months together, and not for some of them: from the averages of two lengths of time, those of the few people between them could be worked out. Leave From month and To month empty to see it.";
    if (shown.length === 0) return rows.some((r) => r.suppressed) ? `${capital(rows.find((r) => r.suppressed).note)}.` : "Nobody has been asked twice yet.";
    return shown.slice(0, 4).map((r) => `${named(r, true)}: ${number(r.paired_n)}${r.baseline_n === null ? "" : ` of ${number(r.baseline_n)}`} people answered both times; on average ${signed(r.mean_change)} points (95% interval ${signed(r.ci_low)} to ${signed(r.ci_high)}), ${verdict(r)}.`).join(" ");
  },
  draw: (rows, width) => [...new Set(rows.map((r) => r.instrument))].map((instrument) => {
    const these = rows.filter((r) => r.instrument === instrument && (r.suppressed || changed([r]).length > 0));
    const several = new Set(these.map((r) => r.timepoint)).size > 1;
    const names = these.map((r) => named(r, several));
    const data = changed(these).map((r) => ({ ...r, name: named(r, several), verdict: verdict(r) }));
    if (these.length === 0) return null;
    const measured = { grid: true, nice: true, ticks: ticks(width), domain: [Math.min(0, ...data.map((d) => d.ci_low)), Math.max(0, ...data.map((d) => d.ci_high))] };
    return Plot.plot(frame(width, {
      height: 70 + names.length * 40, marginBottom: 42,
      x: { label: narrow(width) ? "mean change in points" : `mean change in points (${words(instrument)}), with 95% interval`, labelAnchor: "center", labelArrow: "none", labelOffset: 35, ...(data.length > 0 ? measured : { domain: [0, 1], ticks: [] }) },
      y: { domain: names },
      color: { domain: ["better", "not clear", "worse"], range: [colours.good, colours.open, colours.bad] },
      marks: [
        Plot.axisY({ label: null, tickSize: 0, lineWidth: narrow(width) ? 10 : 12 }), // in em: a long name takes two lines
        Plot.ruleX([0], { stroke: ink, strokeDasharray: "4 3" }),
        Plot.ruleY(data, { x1: "ci_low", x2: "ci_high", y: "name", stroke: "verdict", strokeWidth: 3 }),
        Plot.dot(data, { x: "mean_change", y: "name", fill: "verdict", r: 6, symbol: "verdict" }),
        Plot.text(data, { ...(narrow(width) ? { frameAnchor: "right", textAnchor: "end", dx: 38 } : { x: "mean_change" }), y: "name", text: (d) => `${signed(d.mean_change)}, ${d.verdict}`, dy: -14, fill: ink }), // narrow: away from the names
        withheld(names.filter((name) => !data.some((d) => d.name === name))),
      ],
    }));
  }).filter(Boolean),
  list: (rows) => ({
    head: ["Score", "When", "Better is", "Answered both times", "At baseline", "Mean at baseline", "Mean at follow-up", "Mean change", "95% interval", "Improved", "Same", "Worse"],
    rows: rows.map((r) => [`${words(r.instrument)}: ${words(r.score)}`, words(r.timepoint), r.better, ...(r.suppressed ? [r.note, "", "", "", "", "", "", "", ""] : [number(r.paired_n), number(r.baseline_n), points(r.baseline_mean), points(r.follow_up_mean), r.mean_change === null ? "" : signed(r.mean_change), r.ci_low === null ? "" : `${signed(r.ci_low)} to ${signed(r.ci_high)}`, number(r.improved), number(r.same), number(r.worse)])]),
  }),
};

const ends = [["followed_up", "Answered", colours.good], ["missed", "Missed", colours.bad], ["lost", "Lost", "#8a3ffc"], ["said_no_to_contact", "Said no to contact", "#a56a00"], ["still_open", "Due now", colours.plain], ["not_yet_due", "Not due yet", "#b6bfcd"]];

const retention = {
  id: "retention", title: "Who was followed up", metric: "retention",
  about: "What became of each follow-up that was planned. The months are those of the day from which it is counted, which is mostly the baseline. Of those whose turn has come and gone (answered, missed, lost, or said no to contact) the percentage answered, late answers too; nobody who can still be asked is among them. Missed: the time passed without an answer or a reason. Lost: somebody recorded why. People who died before the time was over are counted apart.",
  words: (rows) => rows.map((r) => {
    const said = r.ended === 0 ? "nobody's turn has come and gone yet" : r.retention_percent === null ? few : `${number(r.followed_up)} of the ${number(r.ended)} people whose turn has come and gone answered (${percent(r.retention_percent)})`;
    return `${capital(words(r.timepoint))}: ${said}.`;
  }).join(" "),
  draw: (rows, width) => {
    const data = rows.flatMap((r) => ends.map(([field, name]) => ({ when: capital(words(r.timepoint)), name, n: r[field] }))).filter((d) => d.n);
    const color = { domain: ends.map((e) => e[1]), range: ends.map((e) => e[2]), legend: false };
    const all = rows.map((r) => ({ when: capital(words(r.timepoint)), sum: ends.reduce((sum, [field]) => sum + (r[field] ?? 0), 0), partly: ends.some(([field]) => r[field] === null) }));
    const partly = all.filter((r) => r.sum > 0 && r.partly);
    if (data.length === 0 && !all.some((r) => r.partly)) return [];
    const longest = Math.max(...all.map((r) => r.sum)) * (partly.length > 0 ? 1.4 : 1); // with room for words beside a bar
    const legend = data.length > 0 ? [Plot.legend({ color, className: "legend" })] : [];
    return [...legend, Plot.plot(frame(width, {
      height: 70 + rows.length * 52, color, marginBottom: 42,
      x: { label: "follow-ups", labelAnchor: "center", labelArrow: "none", labelOffset: 35, grid: true, nice: true, ticks: data.length > 0 ? ticks(width) : [], domain: [0, Math.max(1, longest)] }, y: { label: null, domain: all.map((r) => r.when), tickSize: 0 },
      marks: [Plot.barX(data, { x: "n", y: "when", fill: "name", order: ends.map((e) => e[1]), insetTop: 6, insetBottom: 6, insetLeft: 0.5, insetRight: 0.5 }), Plot.ruleX([0]),
        withheld(all.filter((r) => r.sum === 0 && r.partly).map((r) => r.when)),
        Plot.text(partly, { x: "sum", y: "when", text: () => "rest withheld", textAnchor: "start", dx: 5, fill: ink, fontStyle: "italic" })],
    }))];
  },
  list: (rows) => ({ head: ["When", "Planned", ...ends.map((e) => e[1]), "Died before", "Answered, of ended"], rows: rows.map((r) => [words(r.timepoint), ...(r.suppressed ? [few, ...Array(8).fill("")] : [number(r.eligible), ...ends.map(([field]) => number(r[field])), number(r.died), r.retention_percent === null ? "" : percent(r.retention_percent)])]) }),
};

const said = [["both_say_used", "Both say used"], ["neither_says_used", "Neither says used"], ["person_alone_says_used", "The person alone"], ["organisation_alone_says_used", "Organisation alone"]];
const came = [["referrals", "Sent"], ["ever_accepted", "Accepted"], ["organisation_says_attended", "Came"], ["completed", "Finished"]];

const uptake = {
  id: "uptake", title: "Whether people used what they were referred to", metric: "uptake",
  about: "Referrals that were sent in these months, and what each side says of them. That the person came is the organisations' word: they, or a link worker for them, reported it, or said that the person finished. What people say is from the follow-up at which they were last asked about it. The two are compared, and neither settles the other: agreement is the part of those asked about in which both say that it was used, or neither does. An organisation that reported nothing is taken as not saying that the person came.",
  words: ([row]) => row.suppressed ? `${capital(few)}.` : told(`${number(row.referrals)} referrals were sent.`, [row.organisation_says_attended, (n) => `Of ${n}, organisations say that the person came.`], [row.asked, (n) => `People were asked about ${n}.`],
    [row.benefited, (n) => `Of ${n} they say that it helped.`], row.agreement_percent === null ? "" : `The two accounts agree in ${percent(row.agreement_percent)}.`),
  draw: ([row], width) => [bars(came.map(([field, name]) => ({ name, n: row[field] })), width, colours.plain, narrow(width) ? "as organisations say" : "referrals, by what organisations say"), bars(said.map(([field, name]) => ({ name, n: row[field] })), width, colours.good, narrow(width) ? "as people were asked" : "referrals that people were asked about")],
  list: ([row]) => ({ head: ["What", "Referrals"], rows: [...came, ["asked", "Asked about"], ...said, ["person_does_not_say", "The person does not say"], ["benefited", "It helped"], ["not_benefited", "It did not help"], ["made_worse", "It made things worse"]].map(([field, name]) => [name, row.suppressed ? few : number(row[field])]) }),
};

const groups = [["deprivation", "Deprivation (1: most deprived fifth)"], ["ethnic_group", "Ethnic group"], ["gender", "Gender"], ["age_band", "Age"]];
const reached = [["contacted", "Contacted"], ["referral_sent", "Referral sent"], ["referral_attended", "Came"], ["follow_up_answered", "Followed up"]];
const group = (r) => groups.find(([field]) => r[field] !== undefined && r[field] !== null);
const share = (r, field) => (r[field] === null || r[field] === undefined || !r.received_in ? null : Math.min(100, Math.round(1000 * r[field] / r.received_in) / 10));

// Every group with the steps of it that can be drawn; none: it is withheld, or nobody is in it.
const parts = (rows) => rows.filter(group).map((r) => {
  const who = capital(words(r[group(r)[0]]));
  return { of: group(r)[1], who, nobody: !r.suppressed && r.received_in === 0, drawn: reached.map(([field, name]) => ({ who, name, percent: r.suppressed ? null : share(r, field) })).filter((d) => d.percent !== null) };
});

const equity = {
  id: "equity", title: "Who is reached", metric: "equity",
  about: "How far people came, group by group: by how deprived their neighbourhood is, by ethnic group, gender and age. A group that is referred in less often, or lost on the way more often, shows here; why that is so does not.",
  words: (rows) => {
    const all = parts(rows);
    return `Of each group, how many in a hundred of those referred in came how far. ${all.filter((p) => p.drawn.length > 0).length} of ${all.length} groups have enough people to be shown${all.some((p) => p.drawn.length > 0 && p.drawn.length < reached.length) ? "; for some of them, not every step is shown" : ""}.`;
  },
  draw: (rows, width) => {
    const all = parts(rows);
    const color = { domain: reached.map((s) => s[1]), range: [colours.open, colours.plain, colours.good, colours.bad] };
    const charts = groups.map(([, title]) => {
      const these = all.filter((p) => p.of === title);
      if (these.length === 0) return null;
      return Plot.plot(frame(width, {
        height: 68 + these.length * 30, title, color, marginBottom: 42,
        x: { domain: [0, 100], label: "of 100 referred in", labelAnchor: "center", labelArrow: "none", labelOffset: 35, grid: true, ticks: ticks(width) }, y: { label: null, domain: these.map((p) => p.who), tickSize: 0 }, symbol: { domain: reached.map((s) => s[1]) },
        marks: [Plot.ruleX([0]), Plot.dot(these.flatMap((p) => p.drawn), { x: "percent", y: "who", fill: "name", symbol: "name", r: 6 }), withheld(these.filter((p) => p.drawn.length === 0 && !p.nobody).map((p) => p.who)), withheld(these.filter((p) => p.nobody).map((p) => p.who), "nobody")],
      }));
    }).filter(Boolean);
    return all.some((p) => p.drawn.length > 0) ? [Plot.legend({ color, className: "legend" }), ...charts] : charts;
  },
  list: (rows) => ({ head: ["Group", "Referred in", ...reached.map((s) => s[1])], rows: rows.map((r) => { const g = group(r); return [g ? `${g[1].split(" (")[0]}: ${words(r[g[0]])}` : "Everybody", ...(r.suppressed ? [few, "", "", "", ""] : [number(r.received_in), ...reached.map(([field]) => number(r[field]))])]; }) }),
};

export const sections = [flow, change, retention, uptake, equity];
