// Runs before the first paint: the API's documentation wears the colours that the console wears.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => {
  let chosen = "system";
  try {
    chosen = localStorage.getItem("theme") ?? chosen;
  } catch {
    // Storage may be closed.
  }
  const isDark = chosen === "dark" || (chosen !== "light" && dark.matches);
  // `dark` is ours, `dark-mode` is Swagger UI's.
  for (const name of ["dark", "dark-mode"]) document.documentElement.classList.toggle(name, isDark);
};
paint();
dark.addEventListener("change", paint);
addEventListener("storage", paint);
