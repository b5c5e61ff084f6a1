export { largerPhoto, modelFolder, photo, smallModel } from "./pictures.js";
export { corpora } from "./scenarios/corpora.js";
export { disconnects } from "./scenarios/disconnects.js";
export { drain } from "./scenarios/drain.js";
export { engineKilled } from "./scenarios/engine-killed.js";
export { overhead } from "./scenarios/overhead.js";
export { overload } from "./scenarios/overload.js";
export { rightAnswers } from "./scenarios/right-answers.js";
export { slowClients } from "./scenarios/slow-clients.js";
