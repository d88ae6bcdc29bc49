import { formatTable } from "../output/table.js";
import type { Diagnosis } from "./diagnose.js";

/** The findings as a table, then notes and reasons, and at the end the answer. */
export function formatDiagnosis({ found, notes, reasons, shows }: Diagnosis): string {
  const rows = found.map(({ from, name, text }) => [from, name, text]);
  const lines = [
    ...notes.map((note) => `note: ${note}`),
    ...reasons.map((reason) => `why not: ${reason}`),
    `images: ${shows === null ? "cannot be told" : shows ? "show up" : "do not show up"}`,
  ];
  return `${formatTable(["FROM", "WHAT", "FOUND"], rows)}\n${lines.join("\n")}\n`;
}
