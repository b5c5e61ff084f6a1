import { createHash } from "node:crypto";
import type { Service } from "../service.js";
import { PAGE_SCRIPT } from "./page-script.js";

const STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #212529; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1rem 0 .3rem; }
#drop { display: block; border: 2px dashed #adb5bd; border-radius: .5rem; padding: 2rem; text-align: center; cursor: pointer; }
#drop.over, #drop:focus-within { border-color: #1c7ed6; background: #e7f5ff; }
canvas { max-width: 100%; margin-top: 1rem; } td { padding: .1rem 1rem .1rem 0; } #status { min-height: 1.5em; }
.note { color: #495057; font-size: .9rem; }`;

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing comes from elsewhere, nothing goes elsewhere, and no other page may hold this one. */
export const pageHeaders = {
  "content-security-policy": [
    "default-src 'none'",
    `script-src ${hash(PAGE_SCRIPT)}`,
    `style-src ${hash(STYLE)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** A page to drop a picture on. It has a part for each thing that the server tells. */
export function pageHtml({ parts: { models, faces, neighbors } }: Service): string {
  const names = [...models.values()].filter(({ labels }) => labels.length > 0).map(({ name }) => name);
  // Names of models are letters, digits and a few signs, none of them HTML's.
  const options = names.map((name) => `<option>${name}</option>`).join("");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>vitrail</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>vitrail</h1>
<label id="drop">Drop a picture here, or choose one <input id="file" type="file" accept="image/*"></label>
<p><label>API key, if this server wants one <input id="key" type="password" autocomplete="off"></label></p>
<p id="status" role="status"></p>
${names.length > 0 ? `<h2><label>Labels of <select id="model">${options}</select></label></h2><table><tbody id="labels"></tbody></table>` : ""}
${faces ? `<h2>Faces</h2><p class="note">Emotion, age and gender are guesses from pixels, not facts about people.</p><table><tbody id="faces"></tbody></table>` : ""}
${neighbors ? `<h2>Similar pictures</h2><table><tbody id="neighbors"></tbody></table>` : ""}
<canvas id="picture" width="1" height="1"></canvas>
<p class="note">The picture goes to this server only, and is not kept. <a href="openapi.json">All routes</a></p>
<script>${PAGE_SCRIPT}</script>
</html>
`;
}
