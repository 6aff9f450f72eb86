// Puts on the colours that were chosen, before anything is painted.
(() => {
  try {
    const theme = localStorage.getItem("bodega-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* storage is forbidden here: the system's colours */ }
})();
