// The first module: loads the page's, in whose place a few words stand until then.

import {loaded} from "./modules.js";

const before = document.getElementById("before");

loaded("./app.js").then(
  ({started}) => started.then(() => before.remove()),
  () => {
    const said = before.querySelector(".loading");
    said.setAttribute("role", "alert");
    said.textContent = "The console could not be loaded. Look whether there is a network, and load the page again.";
  },
);
