// Runs before the first paint: restores what the browser remembers about the layout.
try {
  if (localStorage.getItem("atrium.sidebar") === "collapsed") {
    document.documentElement.dataset.sidebar = "collapsed";
  }
} catch {
  // Storage may be closed.
}

// The server tells days and ends where their reader is, so it has to know where that is.
try {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [prefix, secure] = location.protocol === "https:" ? ["__Host-", "; secure"] : ["", ""];
  document.cookie = `${prefix}atrium_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
} catch {
  // Then it tells them in UTC, and says so.
}

// A secret in the address, `#token=…`: taken out at once, before a script or a history can tell of
// it. It is kept by this page alone and sent with its form.
function takeSecret() {
  const secret = /^#(token)=([\w-]+)$/.exec(location.hash);
  if (!secret) return;
  window.atriumSecrets = { [secret[1]]: secret[2] };
  history.replaceState(history.state, "", location.pathname + location.search);
}
takeSecret();
addEventListener("hashchange", takeSecret, true);

// The palette's key, pressed before the palette can answer: it opens when it comes.
addEventListener("keydown", function early(event) {
  if (window.atriumPalette === "listening") return removeEventListener("keydown", early);
  if (event.key?.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey) || event.altKey) return;
  if (!document.querySelector('[data-opens="palette"]')) return;
  event.preventDefault();
  window.atriumPalette = "asked";
});

// Our own page when the server is out of reach; browsers allow it over TLS only, and on this very machine.
addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));
