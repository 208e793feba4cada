# The case tables as R computes them: Rscript tests/references/peers.R (from the root; make references).
#
# Every number here comes from a package's own function where one exists. Where R has none, the formula is
# written out from its paper in the plainest way, over all pairs of rows, and `tool` says "by formula".
# Nothing of Muniment is called. The output is tests/references/r.json.

suppressPackageStartupMessages({
  library(pROC); library(epiR); library(Hmisc); library(survival); library(rms)
  library(sandwich); library(Epi); library(boot); library(jsonlite)
})
options(warn = 1)
kept <- "tests/references/cases"
built <- "build/references"
z <- qnorm(0.975)
names_of <- c("ties", "all_tied", "heavy_ties", "continuous", "imbalance", "weights", "one_event",
              "unbounded", "clustered", "example")
threshold_of <- c(unbounded = 0, imbalance = 0.05, example = 0.4)

entry <- function(tool, ...) c(list(tool = tool), lapply(list(...), unname))
wald <- function(tool, value, se) entry(tool, value = value, low = value - z * se, high = value + z * se)
on_log <- function(tool, value, se) entry(tool, value = value, low = value * exp(-z * se), high = value * exp(z * se))
path_of <- function(name) file.path(if (name == "example") built else kept, paste0(name, ".csv"))

# --- discrimination --------------------------------------------------------------------------------------

kernel_of <- function(y, s) {
  a <- s[y == 1]; b <- s[y == 0]
  outer(a, b, ">") + 0.5 * outer(a, b, "==")
}

# Newcombe 2006 (Stat Med 25:559), method 5, by a root finder.
newcombe_auc <- function(theta, p, n) {
  mid <- (p + n) / 2
  se <- function(t) sqrt(t * (1 - t) * (1 + (mid - 1) * ((1 - t) / (2 - t) + t / (1 + t))) / (p * n))
  low <- if (theta == 0) 0 else uniroot(function(t) t + z * se(t) - theta, c(0, theta), tol = 1e-15)$root
  high <- if (theta == 1) 1 else uniroot(function(t) t - z * se(t) - theta, c(theta, 1), tol = 1e-15)$root
  c(low, high)
}

# Obuchowski 1997 (Biometrics 53:567), equations for clustered data, all pairs and one loop over clusters.
obuchowski <- function(y, s, c) {
  wins <- kernel_of(y, s)
  x <- rowMeans(wins); w <- colMeans(wins); theta <- mean(wins)
  cx <- c[y == 1]; cw <- c[y == 0]
  m <- length(x); n <- length(w)
  ids <- unique(c); I <- length(ids); I10 <- length(unique(cx)); I01 <- length(unique(cw))
  s10 <- s01 <- s11 <- 0
  for (id in ids) {
    dx <- sum(x[cx == id]) - sum(cx == id) * theta
    dw <- sum(w[cw == id]) - sum(cw == id) * theta
    s10 <- s10 + dx^2; s01 <- s01 + dw^2; s11 <- s11 + dx * dw
  }
  s10 <- s10 * I10 / ((I10 - 1) * m); s01 <- s01 * I01 / ((I01 - 1) * n); s11 <- s11 * I / (I - 1)
  list(theta = theta, var = s10 / m + s01 / n + 2 * s11 / (m * n))
}

discrimination <- function(d) {
  out <- list()
  y <- d$y; s <- d$s
  curve <- roc(y, s, direction = "<", levels = c(0, 1), quiet = TRUE)
  ci <- suppressWarnings(as.numeric(ci.auc(curve, method = "delong")))
  collapsed <- var(s) == 0
  out$auroc <- if (sum(y) < 2) entry("pROC::auc", value = as.numeric(auc(curve)))
    else if (collapsed) {
      limits <- newcombe_auc(as.numeric(auc(curve)), sum(y == 1), sum(y == 0))
      entry("pROC::auc, interval by formula", value = as.numeric(auc(curve)), low = limits[1], high = limits[2])
    } else entry("pROC::ci.auc(method = 'delong')", value = ci[2], low = ci[1], high = ci[3])
  out$concordance <- entry("survival::concordance", value = as.numeric(concordance(y ~ s)$concordance))
  out$rcorr <- entry("Hmisc::rcorr.cens", value = as.numeric(rcorr.cens(s, y)["C Index"]))
  if (sum(y) >= 2 && !collapsed) {
    other <- roc(y, d$s2, direction = "<", levels = c(0, 1), quiet = TRUE)
    test <- roc.test(curve, other, method = "delong", paired = TRUE)
    difference <- as.numeric(test$estimate[1] - test$estimate[2])
    se <- difference / as.numeric(test$statistic)
    out$delong_paired <- entry("pROC::roc.test(paired = TRUE)", value = difference, low = difference - z * se,
      high = difference + z * se, z = as.numeric(test$statistic), p = as.numeric(test$p.value))
  }
  for (limit in c(0.9, 0.8)) {
    name <- paste0("partial_auroc_", format(1 - limit))
    out[[name]] <- entry("pROC::auc(partial.auc)",
      value = as.numeric(auc(curve, partial.auc = c(1, limit), partial.auc.focus = "specificity")),
      standardised = suppressWarnings(as.numeric(auc(curve, partial.auc = c(1, limit), partial.auc.correct = TRUE,
        partial.auc.focus = "specificity", allow.invalid.partial.auc.correct = TRUE))))
  }
  out
}

# --- calibration -----------------------------------------------------------------------------------------

tight <- glm.control(epsilon = 1e-15, maxit = 200)
# glm() takes the information matrix at the step before the last; fitted again from its own answer it stands
# at the maximum itself.
again <- function(fit) eval(as.call(c(as.list(fit$call), list(start = coef(fit)))), parent.frame())
mean_of <- function(tool, x) wald(tool, mean(x), sd(x) / sqrt(length(x)))

calibration <- function(d) {
  out <- list()
  y <- d$y; p <- d$s; n <- length(y)
  out$brier <- mean_of("mean and sd", (p - y)^2)
  out$log_loss <- mean_of("mean and sd", -log(ifelse(y == 1, p, 1 - p)))
  o <- sum(y)
  out$oe_ratio <- on_log("by formula (Debray 2017)", o / sum(p), sqrt((1 - o / n) / o))
  lp <- qlogis(p)
  intercept <- again(glm(y ~ 1, offset = lp, family = binomial, control = tight))
  ci <- confint.default(intercept)
  out$calibration_intercept <- entry("glm(y ~ offset(logit)), confint.default",
    value = coef(intercept)[1], low = ci[1, 1], high = ci[1, 2])
  if (var(p) > 0) {
    slope <- again(glm(y ~ lp, family = binomial, control = tight))
    ci <- confint.default(slope)
    out$calibration_slope <- entry("glm(y ~ logit), confint.default",
      value = coef(slope)[2], low = ci[2, 1], high = ci[2, 2])
  }
  if (var(p) > 0 && sum(y) > 5) {
    v <- val.prob(p, y, pl = FALSE)
    out$val_prob <- entry("rms::val.prob", brier = v["Brier"], slope = v["Slope"], c = v["C (ROC)"])
  }
  out
}

# --- 2x2 tables ------------------------------------------------------------------------------------------

share <- function(k, n) {
  if (n == 0) return(NULL)
  w <- binconf(k, n, method = "wilson")
  e <- binom.test(k, n)$conf.int
  p <- suppressWarnings(prop.test(k, n, correct = FALSE)$conf.int)
  entry("prop.test(correct = FALSE), binom.test, Hmisc::binconf", value = k / n, low = p[1], high = p[2],
    exact_low = e[1], exact_high = e[2], binconf_low = w[2], binconf_high = w[3])
}

contingency <- function(tp, fp, fn, tn) {
  out <- list(
    sensitivity = share(tp, tp + fn), specificity = share(tn, tn + fp), ppv = share(tp, tp + fp),
    npv = share(tn, tn + fn), accuracy = share(tp + tn, tp + fp + fn + tn),
    positive_rate = share(tp + fp, tp + fp + fn + tn))
  tests <- suppressWarnings(epi.tests(as.table(matrix(c(tp, fp, fn, tn), 2, byrow = TRUE)), method = "wilson"))$detail
  of <- function(name) as.numeric(tests[tests$statistic == name, c("est", "lower", "upper")])
  epi <- function(name) entry("epiR::epi.tests", value = of(name)[1], low = of(name)[2], high = of(name)[3])
  if (tp > 0 && fp > 0) out$lr_positive <- epi("lr.pos")
  if (fn > 0 && tn > 0) out$lr_negative <- epi("lr.neg")
  if (min(tp, fp, fn, tn) > 0) out$diagnostic_odds_ratio <- epi("diag.or")
  out$epi_sensitivity <- epi("se"); out$epi_specificity <- epi("sp")
  out$epi_ppv <- epi("pv.pos"); out$epi_npv <- epi("pv.neg"); out$epi_accuracy <- epi("diag.ac")
  j <- suppressMessages(ci.pd(tp, fp, fn, tn, method = "Nc", print = FALSE))
  out$youden <- entry("Epi::ci.pd(method = 'Nc')", value = j[5], low = j[6], high = j[7])
  w <- suppressWarnings(prop.test(tp, tp + fp + fn, correct = FALSE)); f <- function(j) 2 * j / (1 + j)
  out$f1 <- entry("prop.test(correct = FALSE), transformed", value = f(tp / (tp + fp + fn)),
    low = f(w$conf.int[1]), high = f(w$conf.int[2]))
  n <- tp + fp + fn + tn
  for (t in c(0.1, 0.3)) {
    each <- rep(c(1, -t / (1 - t), 0, 0), c(tp, fp, fn, tn))
    out[[paste0("net_benefit_", t)]] <- wald("mean and sd of each row's benefit", mean(each),
      sd(each) * sqrt((n - 1) / n) / sqrt(n))
  }
  # Mercaldo, Lau and Zhou 2007 (Stat Med 26:2170), section 2.2: standard logit intervals.
  se <- tp / (tp + fn); sp <- tn / (tn + fp); pi <- 0.05
  if (min(tp, fp, fn, tn) > 0) {
    ppv <- se * pi / (se * pi + (1 - sp) * (1 - pi)); npv <- sp * (1 - pi) / ((1 - se) * pi + sp * (1 - pi))
    vp <- (1 - se) / se / (tp + fn) + sp / (1 - sp) / (tn + fp)
    vn <- se / (1 - se) / (tp + fn) + (1 - sp) / sp / (tn + fp)
    lp <- plogis(qlogis(ppv) + c(-1, 1) * z * sqrt(vp)); ln <- plogis(qlogis(npv) + c(-1, 1) * z * sqrt(vn))
    out$ppv_at_0.05 <- entry("by formula (Mercaldo 2007)", value = ppv, low = lp[1], high = lp[2])
    out$npv_at_0.05 <- entry("by formula (Mercaldo 2007)", value = npv, low = ln[1], high = ln[2])
  }
  Filter(Negate(is.null), out)
}

pairs_of <- function(both, first, second, neither) {
  out <- list()
  if (both + first > 0 || second > 0) {
    d <- epi.conf(matrix(c(both, first, second, neither), 1), ctype = "prop.paired")
    out$newcombe_paired <- entry("epiR::epi.conf(ctype = 'prop.paired')", value = d$est, low = d$lower, high = d$upper)
  }
  p <- if (first + second == 0) 1 else binom.test(first, first + second)$p.value
  out$mcnemar_exact <- entry("binom.test", p = p)
  n <- both + first + second + neither
  k1 <- both + first; k2 <- both + second
  u <- suppressMessages(ci.pd(k1, k2, n - k1, n - k2, method = "Nc", print = FALSE))
  out$newcombe <- entry("Epi::ci.pd(method = 'Nc')", value = u[5], low = u[6], high = u[7])
  out
}

# --- clusters --------------------------------------------------------------------------------------------

robust <- function(fit, c) sqrt(diag(vcovCL(fit, cluster = c, type = "HC0", cadjust = TRUE)))

clustered <- function(d, t) {
  out <- list()
  y <- d$y; p <- d$s; c <- d$c; call <- as.integer(p >= t); n <- length(y)
  o <- obuchowski(y, p, c)
  out$auroc <- wald("by formula (Obuchowski 1997)", o$theta, sqrt(o$var))
  lp <- qlogis(p)
  fit <- again(glm(y ~ 1, offset = lp, family = binomial, control = tight))
  out$calibration_intercept <- wald("glm, sandwich::vcovCL(HC0)", coef(fit)[1], robust(fit, c)[1])
  fit <- again(glm(y ~ lp, family = binomial, control = tight))
  out$calibration_slope <- wald("glm, sandwich::vcovCL(HC0)", coef(fit)[2], robust(fit, c)[2])
  fit <- lm(I((p - y)^2) ~ 1)
  out$brier <- wald("lm, sandwich::vcovCL(HC0)", coef(fit)[1], robust(fit, c)[1])
  fit <- lm(I(-log(ifelse(y == 1, p, 1 - p))) ~ 1)
  out$log_loss <- wald("lm, sandwich::vcovCL(HC0)", coef(fit)[1], robust(fit, c)[1])
  # O/E is exp(intercept) of a Poisson regression of y with offset log(p): its score is sum(y - mu).
  fit <- again(glm(y ~ 1, offset = log(p), family = poisson, control = tight))
  out$oe_ratio <- on_log("glm(poisson, offset log p), sandwich::vcovCL(HC0)", exp(coef(fit)[1]), robust(fit, c)[1])
  rao_scott <- function(hit, rows) {
    x <- hit[rows]; g <- c[rows]; k <- sum(x); m <- length(x); q <- k / m
    v <- as.numeric(vcovCL(lm(x ~ 1), cluster = g, type = "HC0", cadjust = TRUE))
    effect <- max(1, v / (q * (1 - q) / m))
    w <- binconf(k / effect, m / effect, method = "wilson")
    entry("sandwich::vcovCL design effect, Hmisc::binconf", value = q, low = w[2], high = w[3])
  }
  all <- rep(TRUE, n)
  out$sensitivity <- rao_scott(call, y == 1)
  out$specificity <- rao_scott(1 - call, y == 0)
  out$ppv <- rao_scott(y, call == 1)
  out$npv <- rao_scott(1 - y, call == 0)
  out$accuracy <- rao_scott(as.integer(call == y), all)
  out$positive_rate <- rao_scott(call, all)
  out$prevalence <- rao_scott(y, all)
  fit <- again(glm(call ~ y, family = poisson, control = tight))
  out$lr_positive <- on_log("glm(poisson), sandwich::vcovCL(HC0)", exp(coef(fit)[2]), robust(fit, c)[2])
  fit <- again(glm(I(1 - call) ~ y, family = poisson, control = tight))
  out$lr_negative <- on_log("glm(poisson), sandwich::vcovCL(HC0)", exp(coef(fit)[2]), robust(fit, c)[2])
  fit <- again(glm(call ~ y, family = binomial, control = tight))
  out$diagnostic_odds_ratio <- on_log("glm(binomial), sandwich::vcovCL(HC0)", exp(coef(fit)[2]), robust(fit, c)[2])
  fit <- lm(call ~ y)
  out$youden <- wald("lm, sandwich::vcovCL(HC0)", coef(fit)[2], robust(fit, c)[2])
  out$balanced_accuracy <- wald("lm, sandwich::vcovCL(HC0)", (1 + coef(fit)[2]) / 2, robust(fit, c)[2] / 2)
  fit <- lm(I(call * y - t / (1 - t) * call * (1 - y)) ~ 1)
  out$net_benefit <- wald("lm, sandwich::vcovCL(HC0)", coef(fit)[1], robust(fit, c)[1])
  # F1 is a ratio of two totals, 2 tp over called + events: a regression through the origin on called + events
  # with weights 1 / (called + events) has it as its coefficient and the ratio estimator's sandwich.
  both <- call + y; keep <- both > 0
  fit <- lm(I(2 * call * y)[keep] ~ 0 + both[keep], weights = 1 / both[keep])
  # All clusters count, also one without a call or an event.
  factor <- (length(unique(c)) / (length(unique(c)) - 1)) / (length(unique(c[keep])) / (length(unique(c[keep])) - 1))
  out$f1 <- wald("lm through the origin, sandwich::vcovCL(HC0)", coef(fit)[1], robust(fit, c[keep])[1] * sqrt(factor))
  out
}

# --- bootstrap -------------------------------------------------------------------------------------------

bootstrapped <- function(d, t) {
  set.seed(20260101)
  d$call <- as.integer(d$s >= t)
  rows <- split(seq_len(nrow(d)), d$c)
  statistic <- function(ids, index) {
    b <- d[unlist(rows[ids[index]]), ]
    r <- rank(b$s); p <- sum(b$y); n <- nrow(b) - p
    c((sum(r[b$y == 1]) - p * (p + 1) / 2) / (p * n), mean(b$call[b$y == 1]), 2 * sum(b$call * b$y) / (sum(b$call) + p))
  }
  b <- boot(seq_along(rows), statistic, R = 4000)
  out <- list()
  for (k in 1:3) {
    ci <- boot.ci(b, type = "perc", index = k)$percent
    out[[c("auroc", "sensitivity", "f1")[k]]] <- entry("boot::boot.ci(type = 'perc')", value = b$t0[k], low = ci[4], high = ci[5])
  }
  out
}

# --- drift -----------------------------------------------------------------------------------------------

drifted <- function(d) {
  out <- list()
  a <- d[d$side == "baseline", ]; b <- d[d$side == "window", ]
  for (column in c("x", "tied")) {
    u <- a[[column]]; v <- b[[column]]
    k <- suppressWarnings(ks.test(u, v, exact = FALSE))
    grid <- sort(unique(c(u, v)))
    moved <- sum(abs(ecdf(u)(head(grid, -1)) - ecdf(v)(head(grid, -1))) * diff(grid))
    # Bins cut at the baseline's deciles (type 1: an observed value), or at its values where there are few.
    edges <- if (length(unique(u)) <= 10) head(sort(unique(u)), -1) else unique(quantile(u, 1:9 / 10, type = 1))
    bins <- function(x) as.numeric(table(cut(x, c(-Inf, edges, Inf))))
    p <- pmax(bins(u), 0.5) / length(u); q <- pmax(bins(v), 0.5) / length(v)
    pj <- bins(u) / length(u); qj <- bins(v) / length(v); m <- (pj + qj) / 2
    kl <- function(f) sum(ifelse(f > 0, f * log2(f / m), 0))
    out[[column]] <- entry("ks.test(exact = FALSE), ecdf, quantile(type = 1)", ks = as.numeric(k$statistic),
      ks_p = k$p.value, wasserstein = moved, psi = sum((p - q) * log(p / q)), jensen_shannon = (kl(pj) + kl(qj)) / 2)
  }
  x <- suppressWarnings(chisq.test(table(d$side, d$level), correct = FALSE))
  out$level <- entry("chisq.test(correct = FALSE)", chi_square = as.numeric(x$statistic),
    chi_square_df = as.numeric(x$parameter), chi_square_p = x$p.value)
  out
}

# --- flexible calibration --------------------------------------------------------------------------------

# Austin and Steyerberg 2019: a logistic regression on restricted cubic splines of the logit.
flexible <- function(d) {
  y <- d$y; p <- d$s; lp <- qlogis(p)
  knots <- quantile(lp, c(0.05, 0.275, 0.5, 0.725, 0.95))
  x <- rcspline.eval(lp, knots = knots, inclx = TRUE)
  fit <- again(glm(y ~ x, family = binomial, control = tight))
  off <- abs(fitted(fit) - p)
  tens <- cut(p, 0:10 / 10, include.lowest = TRUE)
  list(flexible = entry("Hmisc::rcspline.eval, glm", ici = mean(off), e50 = median(off),
      e90 = quantile(off, 0.9), emax = max(off)),
    ece = entry("cut, tapply", value = sum(abs(tapply(p - y, tens, sum)), na.rm = TRUE) / length(y)))
}

# --- agreement of raters ---------------------------------------------------------------------------------

agreement <- function(m) {
  out <- list()
  two <- table(factor(m$r1, 1:4), factor(m$r2, 1:4))
  for (how in c("Equal-Spacing", "Fleiss-Cohen")) {
    k <- vcd::Kappa(two, weights = how)
    name <- c("Equal-Spacing" = "linear", "Fleiss-Cohen" = "quadratic")[[how]]
    out$cohen_kappa <- wald("vcd::Kappa", k$Unweighted[["value"]], k$Unweighted[["ASE"]])
    out[[paste0("cohen_kappa_", name)]] <- wald("vcd::Kappa", k$Weighted[["value"]], k$Weighted[["ASE"]])
  }
  p <- psych::cohen.kappa(cbind(m$r1, m$r2))
  out$cohen_kappa_psych <- wald("psych::cohen.kappa", p$kappa, sqrt(p$var.kappa))
  out$cohen_kappa_quadratic_psych <- wald("psych::cohen.kappa", p$weighted.kappa, sqrt(p$var.weighted))
  # Gwet 2008 and 2021, with gaps, unit by unit.
  r <- t(apply(as.matrix(m), 1, function(u) tabulate(u[!is.na(u)], 4)))
  size <- rowSums(r); pairs <- size >= 2; n <- nrow(r)
  pi <- colMeans(r / size)
  agree <- ifelse(pairs, rowSums(r * (r - 1)) / (size * (size - 1)), 0)
  pa <- sum(agree) / sum(pairs)
  chance <- function(name, pe, unit) {
    k <- (pa - pe) / (1 - pe)
    star <- (n / sum(pairs)) * (agree - pe * pairs) / (1 - pe) - 2 * (1 - k) * (unit - pe) / (1 - pe)
    se <- sqrt(sum((star - k)^2) / (n * (n - 1)))
    entry("by formula (Gwet 2021)", value = k, low = k - qt(0.975, n - 1) * se, high = k + qt(0.975, n - 1) * se)
  }
  out$fleiss_kappa <- chance("fleiss", sum(pi^2), as.numeric((r / size) %*% pi))
  out$gwet_ac1 <- chance("ac1", sum(pi * (1 - pi)) / 3, as.numeric((r / size) %*% (1 - pi)) / 3)
  # Krippendorff 2004: all pairs within units against all pairs of pairable values.
  u <- apply(as.matrix(m), 1, function(x) x[!is.na(x)], simplify = FALSE); u <- u[lengths(u) >= 2]
  alpha <- function(delta) {
    all <- unlist(u)
    within <- sum(vapply(u, function(x) sum(outer(x, x, delta)) / (length(x) - 1), 0))
    1 - within / (sum(outer(all, all, delta)) / (length(all) - 1))
  }
  out$krippendorff_nominal <- entry("by formula (Krippendorff 2004)", value = alpha(function(a, b) (a != b) + 0))
  out$krippendorff_interval <- entry("by formula (Krippendorff 2004)", value = alpha(function(a, b) (a - b)^2))
  out
}

# --- readers ---------------------------------------------------------------------------------------------

# Obuchowski and Rockette 1995 with Hillis' degrees of freedom (2007), covariances by pROC.
reading <- function(d) {
  cells <- expand.grid(reader = unique(d$reader), modality = unique(d$modality), stringsAsFactors = FALSE)
  roc_of <- function(i) with(d[d$reader == cells$reader[i] & d$modality == cells$modality[i], ],
    roc(y, s, direction = "<", levels = c(0, 1), quiet = TRUE))
  rocs <- lapply(seq_len(nrow(cells)), roc_of)
  area <- vapply(rocs, function(r) as.numeric(auc(r)), 0)
  covariance <- outer(seq_along(rocs), seq_along(rocs), Vectorize(function(i, j)
    if (i == j) var(rocs[[i]], method = "delong") else cov(rocs[[i]], rocs[[j]], method = "delong")))
  same_r <- outer(cells$reader, cells$reader, "=="); same_m <- outer(cells$modality, cells$modality, "==")
  a <- matrix(area, nrow = length(unique(cells$reader))); R <- nrow(a); M <- ncol(a)
  left <- a - outer(rowMeans(a), colMeans(a), "+") + mean(a)
  mstr <- sum(left^2) / ((R - 1) * (M - 1)); mst <- R * sum((colMeans(a) - mean(a))^2) / (M - 1)
  cov2 <- mean(covariance[!same_r & same_m]); cov3 <- mean(covariance[!same_r & !same_m])
  spread <- mstr + R * max(cov2 - cov3, 0)
  df <- spread^2 / (mstr^2 / ((R - 1) * (M - 1)))
  difference <- mean(a[, 1]) - mean(a[, 2]); se <- sqrt(2 * spread / R)
  list(readers = entry("pROC::auc, pROC::cov, by formula (Hillis 2007)", difference = difference,
    low = difference - qt(0.975, df) * se, high = difference + qt(0.975, df) * se, f = mst / spread, df2 = df,
    p = pf(mst / spread, M - 1, df, lower.tail = FALSE), variance = mean(diag(covariance)),
    cov1 = mean(covariance[same_r & !same_m]), cov2 = cov2, cov3 = cov3))
}

# --- sizes, families, tails ------------------------------------------------------------------------------

planned <- function() {
  out <- list()
  for (type in c("se", "sp")) for (expected in c(0.8, 0.95)) for (prevalence in c(0.05, 0.4)) {
    n <- as.numeric(epi.ssdxsesp(test = expected, type = type, Py = prevalence, epsilon = 0.05, error = "absolute",
      nfractional = TRUE))
    out[[paste(type, expected, prevalence, sep = "_")]] <- entry("epiR::epi.ssdxsesp", n = n,
      members = ceiling(n * (if (type == "se") prevalence else 1 - prevalence)))
  }
  out
}
families <- function() {
  p <- c(0.012, 0.04, 0.0007, 0.2, 0.013)
  list(holm = as.list(setNames(c("p.adjust(method = 'holm')", p.adjust(p, "holm")), c("tool", paste0("p", 1:5)))))
}
tails <- function() {
  out <- list()
  for (df in c(1, 2.5, 7, 40, 1234)) {
    out[[paste0("t_", df)]] <- entry("pt, qt", p = 2 * pt(-2.1, df), critical = qt(0.975, df))
    out[[paste0("f_", df)]] <- entry("pf", p1 = pf(3.3, 1, df, lower.tail = FALSE), p4 = pf(0.7, 4, df, lower.tail = FALSE))
  }
  out
}

# --- together --------------------------------------------------------------------------------------------

cases <- list()
for (name in names_of) {
  d <- read.csv(path_of(name))
  d <- d[rep(seq_len(nrow(d)), d$w), ]
  t <- if (name %in% names(threshold_of)) threshold_of[[name]] else 0.5
  values <- discrimination(d)
  if (name != "unbounded") values <- c(values, calibration(d))
  call <- d$s >= t
  table_of <- contingency(sum(call & d$y == 1), sum(call & d$y == 0), sum(!call & d$y == 1), sum(!call & d$y == 0))
  cases[[name]] <- c(values, table_of)
}
d <- read.csv(path_of("clustered"))
cases$clustered_by_patient <- clustered(d, 0.5)
cases$clustered_bootstrap <- bootstrapped(d, 0.5)
one <- read.csv(path_of("continuous")); two <- read.csv(path_of("heavy_ties"))
test <- roc.test(roc(one$y, one$s, direction = "<", quiet = TRUE), roc(two$y, two$s, direction = "<", quiet = TRUE),
  method = "delong", paired = FALSE)
difference <- as.numeric(test$estimate[1] - test$estimate[2]); se <- difference / as.numeric(test$statistic)
cases$continuous_against_heavy_ties <- list(delong_unpaired = entry("pROC::roc.test(paired = FALSE)", value = difference,
  low = difference - z * se, high = difference + z * se, z = as.numeric(test$statistic), p = as.numeric(test$p.value)))
numeric_table <- function(name) read.csv(file.path(kept, name), colClasses = c("character", rep("numeric", 4)))
tables <- numeric_table("tables.csv")
for (i in seq_len(nrow(tables))) with(tables[i, ], cases[[paste0("table_", name)]] <<- contingency(tp, fp, fn, tn))
pairs <- numeric_table("pairs.csv")
for (i in seq_len(nrow(pairs))) with(pairs[i, ], cases[[paste0("pairs_", name)]] <<- pairs_of(both, first, second, neither))
cases$flexible_continuous <- flexible(read.csv(path_of("continuous")))
cases$flexible_example <- flexible(read.csv(path_of("example")))
cases$raters <- agreement(read.csv(file.path(kept, "raters.csv")))
cases$readers <- reading(read.csv(file.path(kept, "readers.csv")))
cases$planned <- planned()
cases$families <- families()
cases$tails <- tails()
cases$drift <- drifted(read.csv(file.path(kept, "drift.csv")))

used <- c("psych", "vcd", "pROC", "epiR", "Hmisc", "survival", "rms", "sandwich", "Epi", "boot", "jsonlite")
files <- c(vapply(names_of, path_of, ""), file.path(kept, c("tables.csv", "pairs.csv", "drift.csv", "raters.csv", "readers.csv")))
digests <- tools::md5sum(files)
names(digests) <- basename(files)
versions <- c(list(R = paste(R.version$major, R.version$minor, sep = ".")),
  setNames(lapply(used, function(p) as.character(packageVersion(p))), used))
writeLines(toJSON(list(versions = versions, tables = as.list(digests), cases = cases), auto_unbox = TRUE,
  digits = I(17), pretty = TRUE, na = "null", null = "null"), "tests/references/r.json")
