// The page of one case: asks before a decision, keeps itself up to date, never takes away what somebody is typing.
"use strict";
(() => {
    const page = document.getElementById("case");
    if (!page) return;
    const bar = document.getElementById("case-changed");
    const stale = document.getElementById("case-stale");
    const live = document.getElementById("case-live");
    const dialog = document.getElementById("case-confirm");
    const refused = document.getElementById("case-refused");
    const SHORTEST = 3_000;
    const LONGEST = 300_000;
    const confirmed = new WeakSet();
    let dirty = false;

    // --- forms ---------------------------------------------------------------------------------------------------

    function fill(form, button) {
        // What must be filled depends on the button: an opinion for a return, a person for an approval.
        for (const control of form.querySelectorAll("[data-needed]")) {
            const needed = control.dataset.needed.split(" ");
            const row = control.closest("[data-repeated]");
            const empty = row && ![...row.querySelectorAll("input:not([type=hidden]), select, textarea")].some((each) => each.value.trim());
            control.required = !empty && (needed.includes("always") || needed.includes(button.value));
        }
        for (const control of form.querySelectorAll("input[type=text], textarea")) {
            control.setCustomValidity(control.required && !control.value.trim() ? control.closest("form").dataset.missing || " " : "");
        }
        return form.reportValidity();
    }

    function ask(form, button) {
        document.getElementById("case-confirm-verb").textContent = button.dataset.verb;
        document.getElementById("case-confirm-about").textContent = button.dataset.about || "";
        document.getElementById("case-confirm-consequence").textContent = button.dataset.consequence;
        const yes = dialog.querySelector("[data-confirm-yes]");
        yes.onclick = () => {
            dialog.close("yes");
            confirmed.add(form);
            form.requestSubmit(button);
        };
        dialog.querySelector("[data-confirm-no]").onclick = () => dialog.close("no");
        dialog.onclose = () => button.focus();
        dialog.showModal();
        yes.focus();
    }

    page.addEventListener("submit", (event) => {
        const form = event.target.closest("[data-case-form]");
        const button = event.submitter;
        if (!form || !button || !button.dataset.consequence) return;
        if (form.dataset.sent) {  // a second click while the first is on its way
            event.preventDefault();
            return;
        }
        if (confirmed.has(form)) {
            form.dataset.sent = "yes";
            dirty = false;
            setTimeout(() => form.querySelectorAll("button").forEach((each) => { each.disabled = true; }), 0);
            return;
        }
        event.preventDefault();
        if (fill(form, button)) ask(form, button);
    });
    page.addEventListener("input", (event) => {
        if (!event.target.closest("[data-case-form]")) return;
        dirty = true;
        event.target.setCustomValidity("");
        if (event.target.matches("[data-identity]")) identity(event.target);
    });

    function identity(control) {
        // GB 11643-1999: the last place follows from the first seventeen. A hint only; the office checks again.
        const number = control.value.trim().toUpperCase();
        const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let told = control.parentElement.querySelector("[data-identity-told]");
        if (!told) {
            told = document.createElement("div");
            told.dataset.identityTold = "";
            told.setAttribute("role", "status");
            control.after(told);
        }
        if (!/^[0-9]{17}[0-9X]$/.test(number)) {
            told.textContent = "";
            return;
        }
        const sum = weights.reduce((total, weight, place) => total + weight * Number(number[place]), 0);
        const well = "10X98765432"[sum % 11] === number[17];
        told.textContent = well ? control.dataset.well : control.dataset.fault;
        told.className = well ? "case-identity-well" : "case-error";
    }

    page.addEventListener("click", (event) => {
        const add = event.target.closest("[data-add-row]");
        if (add) addRow(add);
        const copy = event.target.closest("[data-copy]");
        if (copy) {
            navigator.clipboard.writeText(copy.dataset.copy).then(() => { live.textContent = copy.textContent = copy.dataset.copied; });
        }
    });

    function addRow(button) {
        const rows = button.form.querySelectorAll("[data-repeated]");
        const last = rows[rows.length - 1];
        const row = last.cloneNode(true);
        const next = (text) => text.replace(/([.-])(\d+)([.-])/, (_all, before, number, after) => before + (Number(number) + 1) + after);
        for (const each of row.querySelectorAll("[name], [id], [for]")) {
            for (const name of ["name", "id", "for", "aria-describedby"]) {
                if (each.hasAttribute(name)) each.setAttribute(name, next(each.getAttribute(name)));
            }
            if ("value" in each && each.tagName !== "LABEL" && each.tagName !== "OPTION") each.value = "";
        }
        const legend = row.querySelector("legend");
        legend.textContent = legend.textContent.replace(/\d+/, String(rows.length + 1));
        last.after(row);
        row.querySelector("input, select, textarea").focus();
    }

    function wake() {
        // What needs this script is shown by it. A decision waits for it: without the question before it, one early
        // press of Enter would commit.
        for (const each of page.querySelectorAll("[data-consequence]")) each.disabled = false;
        for (const each of page.querySelectorAll("[data-add-row]")) each.hidden = false;
        if (navigator.clipboard) for (const each of page.querySelectorAll("[data-copy]")) each.hidden = false;
        const fault = page.querySelector("[aria-invalid=true]") || page.querySelector(".case-alert");
        if (fault) fault.focus();
        watchPending();
    }

    // --- news ----------------------------------------------------------------------------------------------------

    async function refresh(quiet = false) {
        const wanted = new URL(page.dataset.part, location.href);
        wanted.search = location.search;
        wanted.searchParams.set("part", "1");
        const answer = await fetch(wanted, { credentials: "same-origin", headers: { Accept: "text/html" } });
        if (!answer.ok || answer.redirected) {
            bar.hidden = quiet && bar.hidden;
            return;
        }
        const text = await answer.text();
        const before = pending(page);
        const now = pending(new DOMParser().parseFromString(text, "text/html"));
        if (quiet && (String(before) === String(now) || busy())) return;
        const open = new Set([...page.querySelectorAll("details[open][id]")].map((each) => each.id));
        const focused = document.activeElement && document.activeElement.id;
        page.innerHTML = text;
        for (const id of open) {
            const details = document.getElementById(id);
            if (details) details.open = true;
        }
        if (focused && document.getElementById(focused)) document.getElementById(focused).focus({ preventScroll: true });
        dirty = false;
        bar.hidden = true;
        refuse(before.filter((key) => key && !now.includes(key)));
        wake();
        live.textContent = live.dataset.updated;
    }

    const pending = (root) => [...root.querySelectorAll("[data-pending]")].map((each) => each.dataset.pending);

    function refuse(keys) {
        // What was sent from here and is judged now: a refusal is told, not only listed. What the page asked for by its
        // address, it has told itself.
        const told = keys.filter((key) => !page.querySelector(`[data-judged="${CSS.escape(key)}"]`)).map((key) => page.querySelector(`[data-receipt="${CSS.escape(key)}"]`)).filter(Boolean);
        if (told.length) refused.textContent = refused.dataset.said + told.map((each) => each.textContent).join(" ");
        refused.hidden = refused.hidden && !told.length;
    }

    let patience = SHORTEST;
    let waiting = null;
    function watchPending() {
        // The events tell when a case has moved; a refusal moves nothing, so what is not judged yet is asked for.
        clearTimeout(waiting);
        if (!pending(page).length) {
            patience = SHORTEST;
            return;
        }
        waiting = setTimeout(() => {
            patience = Math.min(patience * 2, LONGEST);
            (busy() ? Promise.resolve() : refresh(true)).catch(() => {}).then(watchPending);
        }, patience);
    }

    function busy() {
        return dirty || dialog.open || page.querySelector("[data-sent]") || page.querySelector("[aria-invalid=true]");
    }

    document.querySelector("[data-case-refresh]").addEventListener("click", () => location.assign(page.dataset.part));

    // The browser tries again by itself when a line is cut, but not when it is refused (too many open pages, a session
    // that has ended, an office that is being updated). So each try is ours, and the pause between them grows.
    let events = null;
    let pause = SHORTEST;
    let missed = false;

    function listen() {
        let heard = false;
        events = new EventSource(page.dataset.events);
        events.addEventListener("open", () => {
            heard = true;
            pause = SHORTEST;
            stale.hidden = true;
            if (missed && !busy()) refresh();  // what happened while nobody listened
            missed = false;
        });
        events.addEventListener("case", changed);
        events.addEventListener("error", () => {
            events.close();
            if (!heard) stale.hidden = false;  // a stream that was open ends every few minutes: that is no fault
            missed = missed || !heard;
            setTimeout(listen, pause);
            pause = Math.min(pause * 2, LONGEST);
        });
    }

    function changed(event) {
        if (JSON.parse(event.data).case_id !== page.dataset.case) return;
        if (busy()) {
            bar.hidden = false;
            live.textContent = live.dataset.changed;
        } else {
            refresh();
        }
    }

    listen();
    window.addEventListener("pagehide", () => events.close());
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    wake();
})();
