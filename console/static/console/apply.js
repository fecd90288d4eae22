// The form works without this file: every button is a submit. With it a button changes the form in place, the draft
// is saved by itself, and the digest of a file is computed here, so that the file never leaves the computer.
"use strict";
(() => {
    const SAVE_EVERY = 20000;
    const page = () => document.getElementById("apply");
    const form = () => document.getElementById("apply-form");
    let changed = false;
    let busy = false;

    const settle = (root) => {
        root.querySelectorAll("[data-needs-script]").forEach((each) => { each.hidden = false; });
        const wanted = root.querySelector("[data-focus]");
        if (wanted) {
            wanted.focus();
            wanted.scrollIntoView({ block: "center" });
        }
    };

    const swap = async (button) => {
        if (busy) return;
        busy = true;
        const body = new FormData(form(), button);
        page().setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(form().action, { method: "POST", body: new URLSearchParams(body), redirect: "error" });
            const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("apply");
            if (!fresh) throw new Error("no form");
            page().replaceWith(fresh);
            settle(fresh);
        } catch {
            busy = false;
            form().noValidate = true;
            natural = true;
            form().requestSubmit(button);
            return;
        }
        busy = false;
    };
    let natural = false;

    document.addEventListener("submit", (event) => {
        const button = event.submitter;
        if (event.target.matches("[data-once]")) {
            if (event.target.dataset.sent) { event.preventDefault(); return; }
            event.target.dataset.sent = "yes";
            return;
        }
        if (event.target !== form()) return;
        changed = changed || Boolean(button && /^(add|drop|person|unit):/.test(button.value));
        if (!natural && button && button.matches("[data-partial]")) {
            event.preventDefault();
            swap(button);
        } else {
            changed = false;
        }
    });
    document.addEventListener("input", (event) => { if (event.target.form && event.target.form === form()) changed = true; });
    document.addEventListener("change", (event) => {
        if (event.target.matches("[data-refresh]")) {
            const button = document.getElementById("refresh");
            button.value = `refresh:${event.target.name}`;
            swap(button);
        }
        if (event.target.matches("[data-digest-to]")) digest(event.target);
        if (event.target.form && event.target.form === form()) changed = true;
    });
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !event.target.matches("#apply-form input:not([type=checkbox])")) return;
        event.preventDefault();
        const button = event.target.dataset.enter && document.getElementById(event.target.dataset.enter);
        if (button) button.click();
    });
    document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
    document.addEventListener("click", (event) => {
        // a link of the summary of faults goes to its field, which also takes the focus
        const link = event.target.closest("#summary a[href^='#']");
        const field = link && document.getElementById(link.getAttribute("href").slice(1));
        if (!field) return;
        event.preventDefault();
        const closed = field.closest("details:not([open])");
        if (closed) closed.open = true;
        field.focus();
        field.scrollIntoView({ block: "center" });
    });

    const digest = async (input) => {
        const file = input.files[0];
        if (!file || !window.crypto.subtle) return;
        const hash = new Uint8Array(await window.crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        document.getElementById(input.dataset.digestTo).value = Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
        const title = document.getElementById(input.dataset.titleTo);
        if (!title.value) title.value = file.name.slice(0, 100);
        changed = true;
    };

    const keep = async () => {
        if (!changed || busy || !form()) return;
        changed = false;
        const body = new URLSearchParams(new FormData(form()));
        try {
            const answer = await fetch(form().dataset.draft, { method: "POST", body, keepalive: true });
            const note = document.getElementById("saved");
            const { said } = await answer.json();
            if (note) note.textContent = said;
        } catch {
            changed = true;
        }
    };
    if (form()) {
        window.setInterval(keep, SAVE_EVERY);
        document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
    }
    window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((each) => { delete each.dataset.sent; }));
    settle(document);
})();
