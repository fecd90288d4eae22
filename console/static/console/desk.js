// The supervisors' desk: draws the charts, and brings the figures up to date without leaving the page.
"use strict";
(() => {
    const desk = document.querySelector("[data-desk]");
    if (!desk) return;
    const drawn = new Map();

    const whole = (value) => (Number.isInteger(Number(value)) ? String(value) : "");

    const options = (data) => {
        const lying = data.kind === "bar";
        const numbers = { formatter: whole };
        const names = { maxWidth: window.innerWidth < 600 ? 120 : 220 };
        return {
            chart: {
                type: "bar", stacked: data.stacked, fontFamily: "inherit", toolbar: { show: false },
                zoom: { enabled: false }, animations: { enabled: false },
                // Hidden from assistive technology: the table below says the same. So nothing in it takes the focus.
                accessibility: { enabled: false, keyboard: { enabled: false, navigation: { enabled: false } } },
                height: lying ? Math.max(220, 90 + 30 * data.categories.length) : 300,
            },
            series: data.series,
            colors: data.colours,
            xaxis: { categories: data.categories, labels: lying ? numbers : { hideOverlappingLabels: true, rotate: 0 }, tickAmount: lying ? undefined : 6, tickPlacement: "on" },
            yaxis: { labels: lying ? names : numbers, forceNiceScale: true, min: 0 },
            plotOptions: { bar: { horizontal: lying, barHeight: "70%", columnWidth: "65%" } },
            stroke: { width: 1, colors: ["#fff"] },
            dataLabels: { enabled: lying && !data.stacked },
            legend: { position: "top", horizontalAlign: "left" },
            tooltip: { y: { formatter: (value) => (value === null || value === undefined ? "" : `${value} ${data.unit}`) } },
        };
    };

    const draw = (root) => {
        for (const script of root.querySelectorAll("script[data-chart]")) {
            const place = document.getElementById(script.dataset.chart);
            const text = script.textContent;
            const before = drawn.get(script.dataset.chart);
            if (!place || !window.ApexCharts || (before && before.text === text)) continue;
            const data = JSON.parse(text);
            if (before && before.chart) before.chart.destroy();
            drawn.set(script.dataset.chart, { chart: null, text });
            if (!data.categories.length) continue;
            const chart = new ApexCharts(place, options(data));
            chart.render();
            drawn.set(script.dataset.chart, { chart, text });
        }
    };

    const said = document.getElementById("desk-refreshed");
    const say = (text) => { if (said) said.textContent = text; };

    const refresh = async () => {
        if (document.hidden) return;
        try {
            const answer = await fetch(window.location.href.split("#")[0], { credentials: "same-origin" });
            if (answer.redirected) { window.location.reload(); return; }
            if (!answer.ok) throw new Error(String(answer.status));
            const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
            for (const part of desk.querySelectorAll("[data-live]")) {
                const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
                if (!other || other.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
                const open = [...part.querySelectorAll("details")].map((each) => each.open);
                part.innerHTML = other.innerHTML;
                [...part.querySelectorAll("details")].forEach((each, place) => { each.open = open[place] || false; });
            }
            draw(desk);
            say(fresh.getElementById("desk-refreshed").textContent);
        } catch {
            say(said ? said.dataset.failed : "");
        }
    };

    draw(desk);
    setInterval(refresh, 1000 * Number(desk.dataset.refresh));
    document.addEventListener("visibilitychange", refresh);

    const print = document.querySelector("[data-desk-print]");
    if (print) {
        print.hidden = false;
        print.addEventListener("click", () => window.print());
    }
    const folded = () => desk.querySelectorAll("details:not([open])");
    let opened = [];
    window.addEventListener("beforeprint", () => { opened = [...folded()]; opened.forEach((each) => { each.open = true; }); });
    window.addEventListener("afterprint", () => { opened.forEach((each) => { each.open = false; }); });
})();
