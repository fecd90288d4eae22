// What the framework's pages did with inline handlers, which the content security policy does not allow.
"use strict";
document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-console-call]");
    if (asked) window[asked.dataset.consoleCall]();
});
document.addEventListener("change", (event) => {
    if (event.target.matches("[data-console-go]")) window.location.assign(event.target.value);
});
