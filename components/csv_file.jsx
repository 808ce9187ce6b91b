/** CSV files as the browser itself reads them, to hand back some of their rows. */

const SIGNS = { comma: ",", semicolon: ";", tab: "\t" };
const MARKS = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** The text of a file, whose own mark counts more than what somebody says. */
function decoded(bytes, encoding) {
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  return new TextDecoder(marked ? marked[0] : encoding).decode(bytes);
}

/** The rows of a text as `[line, cells]`; a line is where a row begins, as the server counts them. */
function rowsOf(text, sign) {
  const rows = [];
  let line = 1;
  let begun = 1;
  let cells = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "\n") line += 1;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && !cell) quoted = true;
    else if (letter === sign || letter === "\n") {
      cells.push(cell);
      cell = "";
      if (letter === "\n") {
        rows.push([begun, cells]);
        cells = [];
        begun = line;
      }
    } else cell += letter;
  }
  if (cell || cells.length) rows.push([begun, [...cells, cell]]);
  return rows;
}

function written(cell, sign) {
  return /["\r\n]/.test(cell) || cell.includes(sign) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The rows with these lines, in a file like the one they come from, with a last column that says what is wrong. */
export async function rowsWithProblems(file, { encoding, separator, problems }) {
  const sign = SIGNS[separator];
  const text = decoded(new Uint8Array(await file.arrayBuffer()), encoding).replace(/\r\n?/g, "\n");
  const rows = rowsOf(text, sign).filter(([, cells]) => cells.some((cell) => cell.trim()));
  const isDeclared = /^sep=.$/.test(rows[0]?.[1].join(sign) ?? "") || /^sep=/.test(text);
  const [[, header] = [1, []], ...others] = isDeclared ? rows.slice(1) : rows;
  const wanted = others.filter(([line]) => problems.has(line));
  const lines = [[...header, "Problem"], ...wanted.map(([line, cells]) => [...cells, problems.get(line)])];
  const content = lines.map((cells) => cells.map((cell) => written(cell, sign)).join(sign)).join("\r\n");
  return new Blob(["\ufeff", content, "\r\n"], { type: "text/csv;charset=utf-8" });
}
