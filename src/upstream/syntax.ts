/**
 * A file may name its frontend and yet come to this one, because the client named this one: `buildctl --opt
 * source=larder/dockerfile:1`.
 */

import { readDirectives } from "../dockerfile/directives.js";
import { LarderError, type Lines } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { type BuildOptions, buildArgument } from "../gateway/options.js";
import type { Result } from "../gen/gateway.js";
import type { SourceFile } from "./read-dockerfile.js";

export interface Syntax {
  /** The frontend's image. */
  readonly source: string;
  /** The complete value of the syntax line. */
  readonly cmdline: string;
  /** Absent if the name is not on a line of the file. */
  readonly lines: Lines | undefined;
}

/**
 * The frontend to which upstream would hand this build over. Upstream only looks for one if there is no `cmdline`, and
 * there is none if the client named the frontend rather than the file.
 * @returns undefined if this frontend is to do the build.
 */
export function syntaxOf(options: BuildOptions, text: string): Syntax | undefined {
  if (options.frontend.cmdline !== undefined) return undefined;
  const argument = buildArgument(options, "BUILDKIT_SYNTAX");
  if (argument !== undefined) return { ...splitSyntax(argument.trim()), cmdline: argument, lines: undefined };
  for (const mark of ["#", "//"]) {
    const found = readDirectives(text, mark).find(({ name }) => name === "syntax");
    if (found) return { ...splitSyntax(found.value), lines: { start: found.line, end: found.line } };
  }
  return jsonSyntax(text);
}

/** Hands the build over unchanged. */
export async function forwardBuild(
  bridge: Bridge,
  { frontend }: BuildOptions,
  { inputs }: SourceFile,
  { source, cmdline, lines }: Syntax,
): Promise<Result> {
  try {
    return await bridge.solve({
      Frontend: "gateway.v0",
      FrontendOpt: { ...frontend, cmdline, source },
      FrontendInputs: { ...inputs },
    });
  } catch (error) {
    throw LarderError.from(error, lines);
  }
}

function splitSyntax(cmdline: string): Pick<Syntax, "source" | "cmdline"> {
  return { source: cmdline.split(" ", 1)[0] ?? "", cmdline };
}

/** A file in another language may be JSON. */
function jsonSyntax(text: string): Syntax | undefined {
  if (!text.includes('"syntax"')) return undefined;
  try {
    const { syntax } = JSON.parse(text.replace(/^\uFEFF/, "").replace(/^#!.*\n/, ""));
    return typeof syntax === "string"
      ? { source: syntax, cmdline: syntax, lines: { start: 1, end: 1 } }
      : undefined;
  } catch {
    return undefined;
  }
}
