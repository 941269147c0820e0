// A QR code as a picture; black on white in a dark room, too, for not every reader takes the opposite.

import {html} from "./lit.js";
import {encodeQR} from "./qr.js";

const QUIET = 4; // modules of white around it (ISO/IEC 18004)

export function qrPicture(text) {
  const rows = encodeQR(text, "raw", {border: QUIET});
  const dark = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  const size = rows.length;
  return html`
    <svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="The code and the API's address as a QR code">
      <rect width=${size} height=${size} fill="#fff"></rect>
      <path d=${dark} fill="#000" shape-rendering="crispEdges"></path>
    </svg>
  `;
}
