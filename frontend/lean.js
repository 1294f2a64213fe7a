// A plugin for vite: what Reflex imports and no page of ours uses is taken from the small files beside this one.
//
// Reflex's runtime brings a style engine, a writer of cookies, a deep merge and two other transports for its socket; its
// dialogs bring a lock for a page that scrolls. Ours set plain styles, write no cookies from a script, merge flat props,
// talk over one websocket and scroll inside their frame. What only React's developer tools read goes too, and what Reflex
// would write on a device unasked. Each replacement is counted, so that a build whose Reflex has changed fails instead of growing.
import { fileURLToPath } from "node:url";

const OURS = {
  "@emotion/react": "jsx.js",
  "universal-cookie": "cookies.js",
  mergician: "merge.js",
  "react-remove-scroll": "scroll.js",
};
const TRANSPORTS = /engine\.io-client\/build\/esm\/transports\/index\.js$/;
const UNREAD = {
  icons: [/lucide-react\/dist\/esm\/icons\//, /,\s*key: "\w+"/g],
  names: [/\/app_components\//, /^\w+\.displayName = ".*";$/gm],
  // Nothing is kept of light and dark until somebody switches: "system" is what a browser without an entry gets anyway.
  theme: [/\/utils\/react-theme\.js/, /(?=localStorage\.setItem\("theme", theme\))/g, 'if (theme !== "system") '],
};

export default function lean() {
  const used = new Set();
  return {
    name: "imageroute-lean",
    enforce: "pre",
    apply: "build",

    resolveId(source) {
      if (!(source in OURS)) return null;
      used.add(source);
      return fileURLToPath(new URL(OURS[source], import.meta.url));
    },

    load(id) {
      if (!TRANSPORTS.test(id)) return null;
      used.add("transports");
      return 'import { WS } from "./websocket.js";\nexport const transports = { websocket: WS };';
    },

    transform(code, id) {
      for (const [name, [modules, unread, instead = ""]] of Object.entries(UNREAD)) {
        if (!modules.test(id) || !code.match(unread)) continue;
        used.add(name);
        return { code: code.replace(unread, instead), map: null };
      }
      return null;
    },

    buildEnd(error) {
      if (error || this.environment.name !== "client") return;
      const expected = [...Object.keys(OURS), ...Object.keys(UNREAD), "transports"];
      const missing = expected.filter((name) => !used.has(name));
      if (missing.length) this.error(`frontend/lean.js: nothing imports ${missing.join(", ")} any more`);
    },
  };
}
