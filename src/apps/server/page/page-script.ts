/** The page's script: plain text, sent as it is, and named by its hash in the page's policy. */
export const PAGE_SCRIPT = `"use strict";
const $ = (id) => document.getElementById(id);
const drop = $("drop"), file = $("file"), status = $("status"), canvas = $("picture");
const headers = () => ($("key").value ? { "x-api-key": $("key").value } : {});

async function ask(path, picture) {
  const response = await fetch(path, { method: "POST", body: picture, headers: { ...headers(), "content-type": picture.type || "application/octet-stream" } });
  const answer = await response.json();
  if (response.ok) return answer;
  const { error, msg } = answer;
  throw new Error(msg ?? error?.message ?? error ?? response.status);
}

function row(cells) {
  const tr = document.createElement("tr");
  for (const text of cells) tr.appendChild(document.createElement("td")).textContent = text;
  return tr;
}

async function show(picture) {
  const bitmap = await createImageBitmap(picture);
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  return pen;
}

function mark(pen, faces) {
  pen.lineWidth = Math.max(2, canvas.width / 300);
  pen.font = \`\${Math.max(12, canvas.width / 40)}px sans-serif\`;
  pen.strokeStyle = pen.fillStyle = "#e8590c";
  for (const { box: [left, top, right, bottom], dominant_emotion, age, gender } of Object.values(faces)) {
    pen.strokeRect(left, top, right - left, bottom - top);
    pen.fillText([dominant_emotion, age, gender].filter((part) => part !== undefined).join(", "), left, top - 4);
  }
}

async function look(picture) {
  status.textContent = "looking …";
  for (const id of ["faces", "labels", "neighbors"]) $(id)?.replaceChildren();
  const failures = [];
  const part = async (id, work) => {
    if (!$(id)) return;
    try { $(id).replaceChildren(...(await work())); } catch (error) { failures.push(error.message); }
  };
  let pen;
  try { pen = await show(picture); } catch { /* a format that browsers do not draw may still be read by the server */ }
  await Promise.all([
    part("faces", async () => {
      const { faces } = await ask("scaleflex", picture);
      if (pen) mark(pen, faces);
      const rows = Object.values(faces).map((face, i) => row([\`face \${i + 1}\`, face.box.join(", "), face.dominant_emotion ?? "", face.age ?? "", face.gender ?? ""]));
      return rows.length > 0 ? rows : [row(["no faces"])];
    }),
    part("labels", async () => {
      const labels = await ask("models/" + $("model").value, picture);
      return labels.map(({ label, score }) => row([label, score.toFixed(4)]));
    }),
    part("neighbors", async () => {
      const hits = await ask("search", picture);
      return hits.map(({ id, score }) => row([id, score.toFixed(4)]));
    }),
  ]);
  status.textContent = failures.length > 0 ? [...new Set(failures)].join(" ") : "done";
}

file.addEventListener("change", () => {
  const [picture] = file.files;
  // So that choosing the same file again is a change.
  file.value = "";
  if (picture) look(picture);
});
drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
});
`;
