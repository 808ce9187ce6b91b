// Runs before the first paint: restores what the browser remembers about the layout.
try {
  if (localStorage.getItem("atrium.sidebar") === "collapsed") {
    document.documentElement.dataset.sidebar = "collapsed";
  }
} catch {
  // Storage may be closed.
}
