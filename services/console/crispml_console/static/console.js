/* What the pages do in the browser: theme, navigation, moments, copying, plots, coming back. */
"use strict";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* --- the frame ------------------------------------------------------------------------------ */

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".theme")) window.crispmlTheme();
  if (button.matches(".menu")) {
    const open = document.body.classList.toggle("menu-open");
    button.setAttribute("aria-expanded", String(open));
  }
  if (button.matches(".copy")) {
    const code = button.closest(".snippet").querySelector("code");
    navigator.clipboard.writeText(code.textContent);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  }
  if (button.matches(".choose")) {
    Shiny.setInputValue(button.dataset.input, button.dataset.value, { priority: "event" });
  }
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("select.use-case")) return;
  const address = new URL(location.href);
  address.search = new URLSearchParams({ use_case: event.target.value });
  location.assign(address);
});

/* --- moments: in the time zone of whoever looks ---------------------------------------------- */

const showMoment = (tag) => {
  const moment = new Date(tag.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  tag.title = tag.dateTime;
  tag.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
};

/* Moments as inputs: chosen in that time zone, told as UTC. */
const localMoment = (text) => {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return "";
  const local = new Date(moment.getTime() - 60000 * moment.getTimezoneOffset());
  return local.toISOString().slice(0, 19);
};
class MomentBinding extends Shiny.InputBinding {
  find(scope) {
    return $(scope).find("input.moment");
  }
  initialize(element) {
    if (element.dataset.moment) element.value = localMoment(element.dataset.moment);
    element.dataset.shown = element.value;
  }
  getValue(element) {
    // An address may be more exact than what can be chosen; it counts until something is chosen.
    if (element.value && element.value === element.dataset.shown) return element.dataset.moment;
    const moment = new Date(element.value);
    return Number.isNaN(moment.getTime()) ? "" : moment.toISOString();
  }
  subscribe(element, changed) {
    $(element).on("change.moment", () => changed(true));
    // Whoever leaves it for a button has chosen.
    $(element).on("blur.moment", () => changed(false));
  }
  unsubscribe(element) {
    $(element).off(".moment");
  }
  getRatePolicy() {
    return { policy: "debounce", delay: 600 }; // a year is typed digit by digit
  }
}
Shiny.inputBindings.register(new MomentBinding(), "crispml.moment");

/* --- plots ------------------------------------------------------------------------------------ */

let plotly = null; // several megabytes, loaded when the first plot is there
const loadPlotly = () =>
  (plotly ??= new Promise((resolve, reject) => {
    // An AMD loader is on the page; plotly must not be taken by it.
    const { define } = window;
    window.define = undefined;
    const script = document.createElement("script");
    script.src = "/static/plotly.min.js";
    script.onload = () => {
      window.define = define;
      resolve(window.Plotly);
    };
    script.onerror = reject;
    document.head.append(script);
  }));

const themed = (figure) => {
  const ink = css("--ink");
  const line = css("--line");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const data = figure.data.map(({ role, ...trace }) => {
    const color = css(`--${role || "accent"}`);
    return {
      ...trace,
      line: { width: 2, ...trace.line, color },
      marker: { ...trace.marker, color: trace.marker?.color ?? color },
      // Those of lines have the colour of their line, those of bars none that suits both themes.
      ...(trace.type === "bar" && trace.error_x && { error_x: { color: ink, ...trace.error_x } }),
    };
  });
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: css("--font"), size: 12 },
    margin: { l: 48, r: 12, t: 8, b: 40 },
    legend: { orientation: "h", y: 1.12, x: 0 },
    hovermode: "closest",
    ...figure.layout,
    xaxis: { ...axis, ...figure.layout?.xaxis },
    yaxis: { ...axis, ...figure.layout?.yaxis },
  };
  return { data, layout };
};

const draw = async (element) => {
  const library = await loadPlotly();
  if (!element.isConnected) return;
  const { data, layout } = themed(JSON.parse(element.dataset.figure));
  // Buttons within an image are out of reach for who does not see it; dragging and double clicks do.
  library.react(element, data, layout, { displayModeBar: false, responsive: true });
};

document.addEventListener("crispml-theme", () => document.querySelectorAll(".plot").forEach(draw));

/* --- what Shiny puts into the page ------------------------------------------------------------ */

const enliven = (root) => {
  root.querySelectorAll("time").forEach(showMoment);
  root.querySelectorAll(".plot").forEach(draw);
};

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node instanceof HTMLElement && !node.closest(".js-plotly-plot .svg-container")) {
        if (node.matches("time")) showMoment(node);
        if (node.matches(".plot")) draw(node);
        enliven(node);
      }
    }
  }
}).observe(document.body, { childList: true, subtree: true });
enliven(document);

/* --- messages of the console ------------------------------------------------------------------ */

Shiny.addCustomMessageHandler("crispml-go", ({ address }) => location.assign(address));
Shiny.addCustomMessageHandler("crispml-plot", ({ id, figure }) => {
  const element = document.getElementById(id);
  if (!element) return;
  element.dataset.figure = figure;
  draw(element);
});
Shiny.addCustomMessageHandler("crispml-address", ({ address }) =>
  history.replaceState(null, "", address),
);

/* Before the page is connected nothing on it does anything; the cursor says so. */
$(document).on("shiny:connected", () => document.body.classList.add("connected"));

/* A console that was away is back: the page begins anew, or asks to sign in. */
const opened = Date.now();
const HASTY_MS = 5000; // a page that fails as soon as it is there is not tried again in a hurry
$(document).on("shiny:disconnected", () => {
  document.body.classList.add("away");
  const look = async () => {
    try {
      const answer = await fetch("/livez", { cache: "no-store" });
      if (answer.ok) return location.reload();
    } catch {
      /* still away */
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, Date.now() - opened < HASTY_MS ? 2 * HASTY_MS : 500);
});

/* A part of the page that something happened in: into view, where the screen is small. */
Shiny.addCustomMessageHandler("crispml-show", ({ id }) =>
  document.getElementById(id)?.scrollIntoView({ block: "nearest" }),
);

/* Fields that must change: each with its sentence below it; the first one gets the focus. */
Shiny.addCustomMessageHandler("crispml-marks", ({ fields }) => {
  document.querySelectorAll(".field-error").forEach((old) => old.remove());
  document.querySelectorAll("[aria-invalid]").forEach((old) => {
    old.removeAttribute("aria-invalid");
    old.removeAttribute("aria-errormessage");
  });
  for (const [id, message] of Object.entries(fields)) {
    const field = document.getElementById(id);
    if (!field) continue;
    const said = document.createElement("div");
    Object.assign(said, { className: "field-error", id: `${id}-error`, textContent: message });
    (field.closest(".shiny-input-container") ?? field).append(said);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", said.id);
    for (let closed = field.closest("details"); closed; closed = closed.parentElement.closest("details"))
      closed.open = true;
  }
  const first = document.querySelector("[aria-invalid]");
  (first?.matches("input,select,textarea") ? first : first?.querySelector("input"))?.focus();
});

/* --- forms of records ---------------------------------------------------------------------------- */

/* Days as inputs: told as they are written. */
class DayBinding extends Shiny.InputBinding {
  find(scope) {
    return $(scope).find("input.day");
  }
  getValue(element) {
    return element.value;
  }
  subscribe(element, changed) {
    $(element).on("change.day", () => changed(false));
  }
  unsubscribe(element) {
    $(element).off(".day");
  }
}
Shiny.inputBindings.register(new DayBinding(), "crispml.day");

/* Values for inputs by their id, as if somebody had typed them. */
Shiny.addCustomMessageHandler("crispml-fill", ({ values }) => {
  for (const [id, value] of Object.entries(values)) {
    const input = document.getElementById(id);
    if (!input) continue;
    input.value = input.matches(".moment") && value ? localMoment(value) : value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    $(input).trigger("change");
  }
});

/* What came of an action, where it is below what was pressed. */
Shiny.addCustomMessageHandler("crispml-reveal", ({ id }) =>
  document.getElementById(id)?.scrollIntoView({ block: "nearest", behavior: "smooth" }),
);

/* Sliders of time: the right end is now, which is an empty moment. */
const slid = (slide) => {
  const moment = document.getElementById(slide.dataset.for);
  const from = Date.parse(slide.dataset.from);
  const at = new Date(from + ((Date.now() - from) * slide.value) / slide.max);
  const isNow = slide.value === slide.max;
  moment.value = isNow ? "" : localMoment(at);
  slide.setAttribute("aria-valuetext", isNow ? "now" : at.toLocaleString());
  return moment;
};
const slideTo = (slide, text) => {
  const from = Date.parse(slide.dataset.from);
  const share = (Date.parse(text) - from) / (Date.now() - from);
  slide.value = text ? Math.round(slide.max * share) : slide.max;
};
document.addEventListener("input", ({ target }) => target.matches("input.slide") && slid(target));
document.addEventListener("change", ({ target }) => {
  if (target.matches("input.slide")) $(slid(target)).trigger("change");
  const slide = document.querySelector(`input.slide[data-for="${CSS.escape(target.id)}"]`);
  if (slide) slideTo(slide, target.value);
});
