// The yardstick deal in plain C++17 with the samplers of the standard library: one path at a time.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <vector>

struct Figures {
  const double *mean, *factor, *odds, *knots, *amounts, *price, *caps, *commitment, *coupon;
  const int64_t* dates;
  double referrals, volume_shape, control_odds, gamma_shape, threshold, cap, client, overhead,
      guarantee, rest;
  int64_t intake, target, window, duration, trials, evaluations, lag, points, last, grid;
};

namespace {
using Engine = std::mt19937_64;
constexpr int kMost = 64;

int64_t binomial(Engine& engine, int64_t n, double p) {
  return n > 0 ? std::binomial_distribution<int64_t>(n, p)(engine) : 0;
}
double expit(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double interpolate(const Figures& f, double x) {
  if (x >= f.knots[f.points - 1]) return f.amounts[f.points - 1];
  int64_t i = 1;
  while (x > f.knots[i]) ++i;
  const double share = (x - f.knots[i - 1]) / (f.knots[i] - f.knots[i - 1]);
  return f.amounts[i - 1] + share * (f.amounts[i] - f.amounts[i - 1]);
}

// Newton on log(PV in / PV out) in the log rate; a scan and halving where that fails.
double irr(const double* flow, int64_t n) {
  double in = 0, out = 0, when_in = 0, when_out = 0;
  for (int64_t t = 0; t < n; ++t) {
    if (flow[t] > 0) in += flow[t], when_in += flow[t] * t;
    if (flow[t] < 0) out -= flow[t], when_out -= flow[t] * t;
  }
  if (out <= 0) return std::numeric_limits<double>::quiet_NaN();
  if (in <= 0) return -1.0;
  const double span = when_in / in - when_out / out;
  double x = std::fabs(span) > 1e-9 ? std::log(in / out) / span : 0.0;
  for (int step = 0; step < 30 && std::fabs(x) < 3.0; ++step) {
    const double v = std::exp(-x);
    double a = 0, da = 0, b = 0, db = 0;
    for (int64_t t = n - 1; t >= 0; --t) {
      da = da * v + a, a = a * v + std::max(flow[t], 0.0);
      db = db * v + b, b = b * v + std::max(-flow[t], 0.0);
    }
    const double move = std::log(a / b) / (-v * (da / a - db / b));
    if (!(std::fabs(move) < 3.0)) break;
    x -= move;
    if (std::fabs(move) < 1e-12) return std::expm1(4.0 * x);
  }
  auto value = [&](double at) {
    const double v = std::exp(-at);
    double total = 0;
    for (int64_t t = n - 1; t >= 0; --t) total = total * v + flow[t];
    return total;
  };
  double best = std::numeric_limits<double>::quiet_NaN(), low = -3, before = value(low);
  for (int k = 1; k <= 120; ++k) {
    const double high = -3 + 0.05 * k, here = value(high);
    if ((before < 0) != (here < 0) &&
        !(std::fabs(best) < std::min(std::fabs(low), std::fabs(high)))) {
      double a = low, b = high;
      for (int i = 0; i < 50; ++i) {
        const double middle = (a + b) / 2;
        ((value(middle) < 0) == (before < 0) ? a : b) = middle;
      }
      best = (a + b) / 2;
    }
    low = high, before = here;
  }
  return std::expm1(4.0 * best);
}

void live(const Figures& f, Engine& engine, double* result) {
  std::normal_distribution<double> normal;
  double z[10], theta[10];
  for (double& x : z) x = normal(engine);
  for (int i = 0; i < 10; ++i) {
    theta[i] = f.mean[i];
    for (int j = 0; j <= i; ++j) theta[i] += f.factor[10 * i + j] * z[j];
  }
  const double volume =
      std::gamma_distribution<double>(f.volume_shape, 1.0 / f.volume_shape)(engine);
  const double odds = std::exp(theta[8]), consent = expit(theta[9]);
  const int64_t half = f.target / 2;
  int64_t total[2] = {0, 0};
  double active[kMost] = {}, people[2][kMost] = {}, sums[4][2][kMost] = {};
  for (int64_t t = 0; t < f.window; ++t) {
    const int64_t referred = std::poisson_distribution<int64_t>(f.referrals * volume)(engine);
    const int64_t come = std::min({binomial(engine, referred, consent), f.intake,
                                   f.target - total[0] - total[1]});
    int64_t here[2];
    here[1] = std::min(binomial(engine, come, 0.5), half - total[1]);
    here[0] = std::min(come - here[1], half - total[0]);
    here[1] = come - here[0];
    total[0] += here[0], total[1] += here[1];
    for (int64_t a = 0; a < f.duration; ++a) {
      active[t + a] += static_cast<double>(here[1]);
      for (int arm = 0; arm < 2; ++arm) {
        const double o = odds * f.odds[a] * (arm ? 1.0 : f.control_odds);
        here[arm] -= binomial(engine, here[arm], o / (1.0 + o));
      }
    }
    const int64_t done = t + f.duration;
    for (int arm = 0; arm < 2; ++arm) {
      const int64_t n = here[arm];
      people[arm][done] = static_cast<double>(n);
      for (int k = 0; k < 3; ++k)
        sums[k][arm][done] = static_cast<double>(binomial(
            engine, n * (k == 2 ? f.trials : 1), expit(theta[2 * k] + arm * theta[2 * k + 1])));
      if (n > 0)
        sums[3][arm][done] = std::gamma_distribution<double>(
            f.gamma_shape * n, std::exp(theta[6] + arm * theta[7]) / f.gamma_shape)(engine);
    }
  }
  double paid[kMost] = {}, claimed[4] = {}, room = f.cap;
  for (int64_t e = 0; e < f.evaluations; ++e) {
    const int64_t date = f.dates[e];
    double n[2] = {}, y[4][2] = {};
    for (int arm = 0; arm < 2; ++arm)
      for (int64_t t = 0; t <= date; ++t) {
        n[arm] += people[arm][t];
        for (int k = 0; k < 4; ++k) y[k][arm] += sums[k][arm][t];
      }
    if (n[0] == 0 || n[1] == 0) continue;
    for (int k = 0; k < 4; ++k) {
      double effect = y[k][0] / n[0] - y[k][1] / n[1];
      if (k == 0 || k == 2) effect = -effect;
      const double due =
          k == 0 ? (effect >= f.threshold ? interpolate(f, effect) : 0.0)
                 : std::max(effect / (k == 2 ? f.trials : 1), 0.0) * f.price[k - 1];
      const double claim = std::min(due * n[1], f.caps[k]);
      const double fresh = std::min(std::max(claim - claimed[k], 0.0), room);
      claimed[k] += fresh, room -= fresh, paid[date + f.lag] += fresh;
    }
  }
  double balance[3] = {}, interest[3] = {}, used[3] = {}, flows[3][kMost] = {};
  const double committed = f.commitment[0] + f.commitment[1] + f.commitment[2];
  result[0] = static_cast<double>(total[0] + total[1]), result[1] = 0;
  for (int64_t t = 0; t < f.grid; ++t) {
    const double need = active[t] * f.client + (t <= f.last ? f.overhead : 0.0);
    for (int i = 0; i < 3; ++i) {
      if (i < 2) interest[i] += balance[i] * f.coupon[i];
      const double draw =
          std::min(need * f.commitment[i] / committed, f.commitment[i] - used[i]);
      used[i] += draw, balance[i] += draw, flows[i][t] = -draw;
    }
    double cash = paid[t];
    result[1] += cash;
    for (int i = 0; i < 3; ++i)
      for (double* owed : {&interest[i], &balance[i]}) {
        const double x = std::min(cash, *owed);
        *owed -= x, cash -= x, flows[i][t] += x;
      }
    flows[1][t] += f.rest * cash;
  }
  const double guarantee = f.guarantee * balance[0];
  flows[0][f.grid - 1] += guarantee;
  for (int i = 0; i < 3; ++i) result[2 + i] = irr(flows[i], f.grid);
  result[5] = balance[0] - guarantee, result[6] = guarantee;
}
}  // namespace

extern "C" void live_paths(const Figures* f, uint64_t seed, int64_t paths, int64_t threads,
                           double* out) {
  std::vector<std::thread> crew;
  for (int64_t k = 0; k < threads; ++k)
    crew.emplace_back([=] {
      Engine engine(seed * 1000003 + static_cast<uint64_t>(k));
      for (int64_t p = paths * k / threads; p < paths * (k + 1) / threads; ++p)
        live(*f, engine, out + 7 * p);
    });
  for (std::thread& one : crew) one.join();
}
