const KEY = "atrium.sidebar";

/** Narrows the sidebar to its icons; the browser remembers, `boot.js` restores before painting. */
export function SidebarToggle({ label = "Collapse sidebar", children, ...rest }) {
  const toggle = () => {
    const root = document.documentElement;
    const collapsed = root.dataset.sidebar !== "collapsed";
    if (collapsed) root.dataset.sidebar = "collapsed";
    else delete root.dataset.sidebar;
    try {
      localStorage.setItem(KEY, collapsed ? "collapsed" : "");
    } catch {
      // Storage may be closed; the sidebar then forgets.
    }
  };
  return (
    <button {...rest} type="button" className="sidebar-item sidebar-toggle" aria-label={label} onClick={toggle}>
      {children}
    </button>
  );
}
