import { Html, html } from "./html.js";

/** Light and dark, wide and narrow, without a file beside the page. */
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f27; --paper: #fff; --soft: #eef0f4; --bar: #2f6fdb; --quiet: #566070; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --paper: #14171d; --soft: #222731; --bar: #6ea0ff; --quiet: #a4adbd; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 70rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
figure { margin: 0 2rem 1rem 0; display: inline-block; vertical-align: top; max-width: 100%; }
figcaption { font-weight: 600; } svg, img { max-width: 100%; height: auto; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); dominant-baseline: central; } svg .name { text-anchor: end; } svg rect { fill: var(--bar); }
article { border-top: 1px solid var(--soft); padding: 1rem 0; } h3 { overflow-wrap: anywhere; margin: 0 0 .5rem; font-size: 1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
aside { background: var(--soft); padding: .5rem 1rem; border-radius: .5rem; } .quiet { color: var(--quiet); }
`;

/** A whole page that loads nothing and runs nothing: its own policy forbids both. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`.text;
}
