// How hard a text is to read: reads it from standard input, and writes its Flesch-Kincaid grade (the school year in the United States,
// at whose end a child is about five and a half years older) and its longest sentence.
import { readFileSync } from "node:fs";
import readability from "text-readability";

const text = readFileSync(0, "utf8");
const sentences = text.split(/(?<=[.?!])\s+/).filter(Boolean);
const longest = sentences.reduce((a, b) => (a.split(/\s+/).length >= b.split(/\s+/).length ? a : b), "");
console.log(JSON.stringify({ grade: readability.fleschKincaidGrade(text), longest: longest.split(/\s+/).length, sentence: longest }));
