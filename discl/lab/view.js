// ipywidgets gives its sliders no name that a screen reader could say: each is named after its label.
function nameSliders(view) {
    for (const slider of view.querySelectorAll('.widget-slider')) {
        const name = slider.querySelector('.widget-label').textContent;
        for (const handle of slider.querySelectorAll('[role=slider]')) handle.ariaLabel = name;
        const readout = slider.querySelector('.widget-readout');
        if (readout) {
            readout.role = 'textbox';
            readout.ariaLabel = `${name} as a number`;
        }
    }
}

// The assets are rendered before they are part of their view, and some sliders come later still.
function render({ el }) {
    const names = new MutationObserver(() => nameSliders(el.closest('.discl')));
    let waiting;
    const start = () => {
        const view = el.closest('.discl');
        if (!view) {
            waiting = setTimeout(start, 100);
            return;
        }
        nameSliders(view);
        names.observe(view, { childList: true, subtree: true });
    };
    start();
    return () => {
        clearTimeout(waiting);
        names.disconnect();
    };
}

export default { render };
