namespace Topfive.ClassifierService;

/// <summary>How classes spread around their means along a few axes, all in the same way.</summary>
/// <param name="axes">How many.</param>
internal sealed class SharedCovariance(int axes)
{
    /// <summary>The part of the mean variance that takes the place of what few examples measured badly.</summary>
    private const double Shrinkage = 0.1;

    // Far below what vectors vary by; it only keeps a division by zero away when they do not vary at all.
    private const double LeastVariance = 1e-12;

    private readonly double[] _sums = new double[axes * axes];
    private long _rows;

    /// <param name="deviation">[axes]: an example's distance from its class' mean.</param>
    public void Add(ReadOnlySpan<double> deviation)
    {
        for (var row = 0; row < axes; row++)
        {
            for (var column = 0; column <= row; column++) _sums[(row * axes) + column] += deviation[row] * deviation[column];
        }

        _rows++;
    }

    /// <returns>Row-major [axes, axes]: the inverse of the covariance's Cholesky factor, which makes it the identity.</returns>
    public double[] Whitening()
    {
        var factor = Factor();
        var inverse = new double[axes * axes];
        for (var column = 0; column < axes; column++)
        {
            inverse[(column * axes) + column] = 1 / factor[(column * axes) + column];
            for (var row = column + 1; row < axes; row++)
            {
                var sum = 0.0;
                for (var i = column; i < row; i++) sum -= factor[(row * axes) + i] * inverse[(i * axes) + column];
                inverse[(row * axes) + column] = sum / factor[(row * axes) + row];
            }
        }

        return inverse;
    }

    private double[] Factor()
    {
        var covariance = Shrunk();
        var factor = new double[axes * axes];
        for (var row = 0; row < axes; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                var sum = covariance[(row * axes) + column];
                for (var i = 0; i < column; i++) sum -= factor[(row * axes) + i] * factor[(column * axes) + i];
                factor[(row * axes) + column] = row == column ? Math.Sqrt(Math.Max(sum, LeastVariance)) : sum / factor[(column * axes) + column];
            }
        }

        return factor;
    }

    private double[] Shrunk()
    {
        var covariance = Array.ConvertAll(_sums, sum => (1 - Shrinkage) * sum / _rows);
        var mean = Enumerable.Range(0, axes).Sum(axis => _sums[(axis * axes) + axis]) / _rows / axes;
        for (var axis = 0; axis < axes; axis++) covariance[(axis * axes) + axis] += (Shrinkage * mean) + LeastVariance;
        return covariance;
    }
}
