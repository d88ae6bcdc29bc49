/**
 * Kinds of layers differ in patterns, not in colours alone. One column on a phone; on a wide screen the outer stack and
 * the inner images are side by side, in columns of one width, so that one scale serves both.
 */
export const styles = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c2024; --faint: #5a6470; --line: #c9d0d8; --panel: #f4f6f8;
  --stage: #8a94a0; --files: #2f6fb2; --shared: #b25a1c; --catalog: #5d7a2c; --blobs: #7a4f9a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaee; --faint: #9aa6b2; --line: #39424c; --panel: #1c2228;
    --stage: #77828e; --files: #5a9be0; --shared: #e08a4a; --catalog: #93b552; --blobs: #b08ad2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; } h2 { font-size: 1.2rem; overflow-wrap: anywhere; } h3 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: .25rem 0 .75rem; color: var(--faint); overflow-wrap: anywhere; }
code { font-size: .875em; }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; }
ol, ul { list-style: none; margin: 0; padding: 0; }
.sides { display: grid; gap: 1.5rem; }
@media (min-width: 60rem) { .sides { grid-template-columns: 1fr 1fr; } }
.layer { padding: .375rem 0; border-top: 1px solid var(--line); }
.facts { display: grid; grid-template-columns: 1fr auto; gap: .75rem; }
.facts > :first-child { overflow-wrap: anywhere; min-width: 0; }
.size { font-variant-numeric: tabular-nums; white-space: nowrap; }
.also { color: var(--faint); font-size: .875rem; overflow-wrap: anywhere; }
.track { background: var(--panel); height: 1rem; margin-top: .25rem; }
.bar { display: block; height: 100%; min-width: 2px; border: 1px solid var(--ink); }
.stack { display: flex; height: 1.5rem; background: var(--panel); }
.stack .bar { flex: none; }
.stage { background: var(--stage); }
.files { background: repeating-linear-gradient(90deg, var(--files) 0 8px, var(--paper) 8px 10px); }
.shared { background: repeating-linear-gradient(45deg, var(--shared) 0 6px, var(--paper) 6px 10px); }
.catalog { background: radial-gradient(var(--paper) 30%, var(--catalog) 35%) 0 0 / 8px 8px; }
.blobs { background: repeating-linear-gradient(0deg, var(--blobs) 0 3px, var(--paper) 3px 5px); }
.card { border-top: 1px solid var(--line); padding: .375rem 0 .75rem; }
.legend { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; margin: .75rem 0; }
.legend .bar { display: inline-block; width: 2rem; height: 1rem; vertical-align: -.125rem; margin-right: .5rem; }
`;
