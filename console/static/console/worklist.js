// Choosing lines for a bulk decision: all of one step at once, the rest cannot be chosen meanwhile. Without this script
// the form works too: the server says what does not belong together.
"use strict";
(() => {
    const form = document.getElementById("bulk");
    const picks = form ? [...form.querySelectorAll("input[name=pick]")] : [];
    const all = document.getElementById("pick-all");
    const status = document.getElementById("picked");
    if (picks.length && all && status) {
        const most = 50;
        const alike = () => (picks.find((pick) => pick.checked) || picks[0]).dataset.step;
        const refresh = () => {
            const chosen = picks.filter((pick) => pick.checked);
            const step = chosen.length ? chosen[0].dataset.step : null;
            picks.forEach((pick) => { pick.disabled = step !== null && pick.dataset.step !== step; });
            const same = picks.filter((pick) => pick.dataset.step === alike());
            all.checked = chosen.length > 0 && chosen.length === same.length;
            all.indeterminate = chosen.length > 0 && chosen.length < same.length;
            const words = chosen.length ? status.dataset.one : status.dataset.none;
            status.textContent = words.replace("{n}", String(chosen.length || most));
        };
        form.querySelector("[data-worklist-all]").classList.remove("d-none");
        all.addEventListener("change", () => {
            const step = alike();
            picks.forEach((pick) => { pick.checked = all.checked && pick.dataset.step === step; });
            refresh();
        });
        form.addEventListener("change", (event) => { if (event.target.name === "pick") refresh(); });
        refresh();
    }
    // A second click while the decisions are being committed: nothing would be committed twice, but the page would wait.
    document.querySelectorAll("form[data-once]").forEach((once) => {
        once.addEventListener("submit", (event) => {
            if (once.dataset.sent) event.preventDefault();
            once.dataset.sent = "1";
        });
        window.addEventListener("pageshow", () => { delete once.dataset.sent; });
    });
})();
