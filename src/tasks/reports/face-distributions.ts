import type { FaceAnalysis } from "../faces/face-analysis.js";
import type { Bar } from "./bar-chart.js";

/** How often each value of an attribute is the best one, over all faces: by name, the values in the attribute's own order. */
export function faceDistributions(results: readonly FaceAnalysis[]): { title: string; bars: Bar[] }[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { attributes } of results.flatMap(({ faces }) => faces))
    for (const [name, value] of Object.entries(attributes)) {
      if (!value) continue;
      const bars = counts.get(name) ?? new Map<string, number>();
      counts.set(name, bars);
      // Values that no face has are bars too, of length 0: what is never found is worth seeing.
      for (const label of Object.keys(value.scores)) bars.set(label, bars.get(label) ?? 0);
      const best = bestLabel(value.scores);
      bars.set(best, bars.get(best)! + 1);
    }
  return [...counts].map(([name, bars]) => ({ title: name, bars: [...bars] }));
}

/** The first of the best; an age's value is a number, its group has a name only here. */
function bestLabel(scores: Partial<Record<string, number>>): string {
  return Object.keys(scores).reduce((best, label) => (scores[label]! > scores[best]! ? label : best));
}
