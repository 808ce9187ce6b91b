import { memo } from "react";

/** Words behind a name that are no part of it: *Robert Johnson II*, *Ann Lee, PhD*. */
const TITLES = /^(?:jr|sr|junior|senior|i{2,3}|iv|vi{1,3}|ix|esq|m\.?d|ph\.?d|mba|dds|rn|cpa)\.?$/i;
const LETTER = /\p{L}/u;
const SIGN = /[\p{L}\p{N}]/u;
const JOINED = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}]/u;
const NOT_JOINED = "\u200c";

const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter("en", { granularity: "grapheme" }) : null;

/** The first sign that people see as one: a letter with its marks, or a whole emoji. */
function firstOf(text) {
  if (!text) return "";
  return segmenter ? [...segmenter.segment(text)][0].segment : [...text][0];
}

/** One sign in capitals; ß stays, for its capitals are two. */
function capital(sign) {
  const upper = sign.toUpperCase();
  return [...upper.normalize("NFC")].length > [...sign.normalize("NFC")].length ? sign : upper;
}

/** First letters of the first and the last word that are parts of the name; in any script. */
export function initialsOf(name) {
  const whole = String(name ?? "").trim();
  const all = whole
    .replace(/\([^)]*\)|\[[^\]]*\]/gu, " ")
    .split(/[\s,]+/u)
    .filter((word) => SIGN.test(word));
  const named = all.filter((word) => LETTER.test(word));
  const words = named.length ? named : all;
  while (words.length > 1 && TITLES.test(words.at(-1))) words.pop();
  if (!words.length) return firstOf(whole);
  const outer = words.length > 1 ? [words[0], words.at(-1)] : words;
  const letters = outer.map((word) => capital(firstOf(word.slice(word.search(SIGN)))));
  return letters.join(letters.every((letter) => JOINED.test(letter)) ? NOT_JOINED : "");
}

/** Initials of a name. */
export const Initials = memo(function Initials({ name }) {
  return initialsOf(name);
});
