// What the framework's pages did with inline handlers, which the content security policy does not allow.
"use strict";
document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-console-call]");
    if (asked) window[asked.dataset.consoleCall]();
});
document.addEventListener("change", (event) => {
    if (event.target.matches("[data-console-go]")) window.location.assign(event.target.value);
});
// What can be scrolled sideways must be reachable by keyboard, and nothing else should be a stop of the Tab key.
(() => {
    const reach = (box) => {
        if (box.scrollWidth <= box.clientWidth) {
            box.removeAttribute("tabindex");
            return;
        }
        const caption = box.querySelector("caption");
        box.tabIndex = 0;
        if (caption) {
            box.setAttribute("role", "region");
            box.setAttribute("aria-label", caption.textContent.trim());
        }
    };
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => reach(entry.target)));
    const watch = () => document.querySelectorAll(".table-responsive").forEach((box) => { sizes.observe(box); reach(box); });
    new MutationObserver(watch).observe(document.body, { childList: true, subtree: true });
    watch();
})();
