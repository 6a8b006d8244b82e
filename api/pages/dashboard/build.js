// Makes dashboard.js of src and what it imports, with the licences of everything that is in it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = process.argv[2] ?? "dashboard.js";
const made = await build({ entryPoints: ["src/main.js"], bundle: true, minify: true, format: "esm", target: "es2020", legalComments: "none", metafile: true, write: false });

const packages = new Set(Object.keys(made.metafile.inputs).map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean));
const licences = new Map(); // text → the packages under it
for (const name of [...packages].sort()) {
  const path = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"].map((file) => `node_modules/${name}/${file}`).find(existsSync);
  if (!path) throw new Error(`${name} has no licence that is known here`);
  const text = readFileSync(path, "utf8").trim();
  licences.set(text, [...(licences.get(text) ?? []), name]);
}
const notice = [...licences].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n----\n\n");
writeFileSync(out, `/* Made by make dashboard: change src instead. It contains:\n\n${notice.replaceAll("*/", "* /")}\n*/\n${made.outputFiles[0].text}`);
