// The first module: loads the page's.

import {loaded} from "./modules.js";

loaded("./app.js").catch(() => {
  const said = document.createElement("p");
  said.className = "alone";
  said.setAttribute("role", "alert");
  said.textContent = "The console could not be loaded. Look whether there is a network, and load the page again.";
  document.body.append(said);
});
