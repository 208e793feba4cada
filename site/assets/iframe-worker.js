/* A worker for file:// pages, where browsers refuse real ones: the script runs in a hidden frame.

   Adapted from the shim of iframe-worker 1.0.4 (MIT; see iframe-worker.LICENSE.txt). The original writes an
   inline script into the frame; this one sets the frame's two functions from outside and adds the script by
   address, so that a content security policy without inline scripts holds. */
"use strict";

(function () {
  function load(frame, address) {
    return new Promise(function (resolve, reject) {
      const script = frame.document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = function () {
        reject(new Error("could not load " + address));
      };
      frame.document.body.appendChild(script);
    });
  }

  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.url = String(new URL(url, location.href));
      this.iframe = document.createElement("iframe");
      this.iframe.hidden = true;
      this.iframe.title = "Search index";
      document.body.appendChild(this.iframe);
      const frame = this.iframe.contentWindow;
      frame.document.open();
      frame.document.write("<!doctype html><html><body></body></html>");
      frame.document.close();
      const self = this;
      frame.postMessage = function (data) {
        setTimeout(function () {
          const message = new MessageEvent("message", { data: structuredClone(data) });
          self.dispatchEvent(message);
          if (self.onmessage) {
            self.onmessage(message);
          }
        });
      };
      frame.importScripts = function (...addresses) {
        return addresses.reduce(function (done, address) {
          return done.then(function () {
            return load(frame, address);
          });
        }, Promise.resolve());
      };
      this.frame = frame;
      this.ready = load(frame, this.url);
      this.ready.catch(function (error) {
        self.dispatchEvent(new ErrorEvent("error", { message: error.message, filename: self.url, error: error }));
      });
    }

    terminate() {
      this.iframe.remove();
      this.onmessage = null;
    }

    postMessage(data) {
      const frame = this.frame;
      this.ready.then(
        function () {
          frame.dispatchEvent(new frame.MessageEvent("message", { data: structuredClone(data) }));
        },
        function () {},
      );
    }
  }

  window.IFrameWorker = IFrameWorker;
  if (location.protocol === "file:") {
    window.Worker = IFrameWorker;
  }
})();
