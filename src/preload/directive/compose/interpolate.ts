/**
 * Variables in values of a Compose file, by the Compose Specification ("Interpolation"): `$X`, `${X}`, and with `-`,
 * `:-`, `?`, `:?`, `+`, `:+`; `$$` is a dollar. A default may contain variables. A variable that is not set is empty.
 */
export type Variables = (name: string) => string | undefined;

/** @throws Error for a dollar that begins nothing, and for a required variable that is not set. */
export function interpolate(text: string, variables: Variables): string {
  let result = "";
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const plain = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (rest.startsWith("$")) {
      result += "$";
      at = dollar + 2;
    } else if (plain) {
      result += variables(plain) ?? "";
      at = dollar + 1 + plain.length;
    } else {
      const end = rest.startsWith("{") ? closingBrace(text, dollar + 2) : -1;
      if (end < 0) throw invalid(text);
      result += expand(text.slice(dollar + 2, end), variables);
      at = end + 1;
    }
  }
  return result;
}

/** Names of the variables that a text may need. */
export function namesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = ""]) => name))];
}

/** @param inner the text between `${` and `}`. */
function expand(inner: string, variables: Variables): string {
  const [, name, operator = "", word = ""] = /^([A-Za-z_]\w*)(?:(:?[-?+])(.*))?$/s.exec(inner) ?? [];
  if (name === undefined) throw invalid(`\${${inner}}`);
  const value = variables(name);
  const isThere = value !== undefined && (value !== "" || !operator.startsWith(":"));
  switch (operator.at(-1)) {
    case "-":
      return isThere ? value : interpolate(word, variables);
    case "+":
      return isThere ? interpolate(word, variables) : "";
    case "?": {
      if (isThere) return value;
      const why = interpolate(word, variables);
      throw new Error(`the variable ${name} has to be set${why ? `: ${why}` : ""}`);
    }
    default:
      return value ?? "";
  }
}

/** @param from the position after `${`. */
function closingBrace(text: string, from: number): number {
  for (let at = from, depth = 1; at < text.length; at++) {
    if (text.startsWith("${", at)) depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function invalid(text: string): Error {
  return new Error(`"${text}" has a $ that begins no variable; write $$ for a dollar`);
}
