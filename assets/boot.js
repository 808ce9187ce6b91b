// Runs before the first paint: restores what the browser remembers about the layout.
try {
  if (localStorage.getItem("atrium.sidebar") === "collapsed") {
    document.documentElement.dataset.sidebar = "collapsed";
  }
} catch {
  // Storage may be closed.
}

// The palette's key, pressed before the palette can answer: it opens when it comes.
addEventListener("keydown", function early(event) {
  if (window.atriumPalette === "listening") return removeEventListener("keydown", early);
  if (event.key?.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey) || event.altKey) return;
  if (!document.querySelector('[data-opens="palette"]')) return;
  event.preventDefault();
  window.atriumPalette = "asked";
});
